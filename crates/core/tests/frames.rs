//! The frames of the protocol as both ends see them: every message comes back as it was sent, and
//! damaged bytes give an error or a message, never a panic.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that fails fails its test"
)]

use proptest::prelude::*;
use text2sql_core::chat::{ChatFormat, ChatPrompt, Role, Turn};
use text2sql_core::device::DeviceName;
use text2sql_core::embedding::Vector;
use text2sql_core::protocol::{
    ClientFrame, ColumnScope, Constraint, ConstraintRelation, ConstraintUse, Decoder, EmbedRequest,
    Embedded, EncoderSpec, EndpointSpec, EngineCommand, EngineReport, Event, Failure, FailureCode,
    FilePart, FileRest, Finish, FrameError, GenerateRequest, GenerationStats, LoadSpec, LogLevel,
    MAX_FRAME, ModelInfo, ModelSpec, Sampling, ServerFrame, decode, encode, encode_framed,
};
use text2sql_core::route::{Level, Route, Routing};

fn prompts() -> impl Strategy<Value = ChatPrompt> {
    let role = prop_oneof![Just(Role::User), Just(Role::Assistant)];
    let turns = prop::collection::vec((role, any::<String>()), 0..4);
    (any::<String>(), turns, any::<String>()).prop_map(|(system, turns, assistant_prefix)| {
        let turns = turns.into_iter().map(|(role, text)| Turn { role, text }).collect();
        ChatPrompt { system, turns, assistant_prefix }
    })
}

fn constraints() -> impl Strategy<Value = Constraint> {
    let names = || prop::collection::vec(any::<String>(), 0..3);
    let relation = (any::<String>(), any::<String>(), names())
        .prop_map(|(schema, name, columns)| ConstraintRelation { schema, name, columns });
    let columns = prop_oneof![Just(ColumnScope::InScope), Just(ColumnScope::Anywhere)];
    (prop::collection::vec(relation, 0..3), names(), names(), any::<String>(), columns).prop_map(
        |(relations, search_path, functions, fingerprint, columns)| Constraint {
            relations,
            search_path,
            columns,
            functions,
            fingerprint,
        },
    )
}

fn requests() -> impl Strategy<Value = GenerateRequest> {
    let constraint = prop::option::of(constraints());
    let numbers = any::<(u32, u64)>();
    let sampling = any::<Option<(u32, u32, u32)>>().prop_map(|numbers| {
        numbers.map(|(temperature, top_p, seed)| Sampling { temperature, top_p, seed })
    });
    (prompts(), numbers, any::<String>(), constraint, sampling, routes()).prop_map(
        |(prompt, numbers, cache_scope, constraint, sampling, route)| GenerateRequest {
            prompt,
            max_new_tokens: numbers.0,
            deadline_ms: numbers.1,
            cache_scope,
            constraint,
            sampling,
            route,
        },
    )
}

fn routes() -> impl Strategy<Value = Route> {
    let routing =
        prop_oneof![Just(Routing::Off), Just(Routing::Fallback), Just(Routing::Complexity)];
    let level = prop_oneof![Just(Level::Easy), Just(Level::Medium), Just(Level::Hard)];
    (routing, any::<Option<String>>(), level, any::<u32>(), any::<bool>()).prop_map(
        |(routing, model, level, attempt, remote)| Route { routing, model, level, attempt, remote },
    )
}

fn failures() -> impl Strategy<Value = Failure> {
    let code = prop::sample::select(vec![
        FailureCode::NoModel,
        FailureCode::BadModel,
        FailureCode::PromptTooLong,
        FailureCode::Deadline,
        FailureCode::Cancelled,
        FailureCode::EngineDied,
        FailureCode::ShuttingDown,
        FailureCode::Protocol,
        FailureCode::OutOfMemory,
        FailureCode::Internal,
    ]);
    let text = any::<Option<String>>;
    (code, any::<String>(), text(), text()).prop_map(|(code, message, detail, hint)| Failure {
        code,
        message,
        detail,
        hint,
    })
}

fn events() -> impl Strategy<Value = Event> {
    let finish = prop_oneof![Just(Finish::Stop), Just(Finish::Length)];
    let counts = any::<(u32, u32, u32, u64, u64)>();
    prop_oneof![
        any::<(u32, u32)>().prop_map(|(prompt_tokens, cached_tokens)| Event::Started {
            prompt_tokens,
            cached_tokens
        }),
        any::<String>().prop_map(|text| Event::Delta { text }),
        (any::<String>(), finish, counts).prop_map(|(text, finish, (a, b, c, d, e))| {
            let stats = GenerationStats {
                prompt_tokens: a,
                cached_tokens: b,
                generated_tokens: c,
                prefill_us: d,
                decode_us: e,
                masked_tokens: a,
                forced_tokens: b,
                guessed_tokens: c,
                right_tokens: a,
                backtracked_tokens: c,
                compile_us: d,
                mask_us: e,
                weighed_tokens: b,
                surprisal: d,
                worst_surprisal: e,
                constraint: ConstraintUse::Kept,
            };
            Event::Done { text, finish, stats }
        }),
        (any::<String>(), prop::collection::vec(vectors(), 0..4)).prop_map(|(encoder, vectors)| {
            Event::Embedded { embedded: Embedded { encoder, vectors } }
        }),
        failures().prop_map(|failure| Event::Failed { failure }),
    ]
}

fn vectors() -> impl Strategy<Value = Vector> {
    let numbers = prop::collection::vec(-1.0f32..1.0, 1..40);
    numbers.prop_filter_map("it has no direction", |numbers| Vector::new(&numbers))
}

fn embed_requests() -> impl Strategy<Value = EmbedRequest> {
    any::<(Vec<String>, u64)>().prop_map(|(texts, deadline_ms)| EmbedRequest { texts, deadline_ms })
}

fn commands() -> impl Strategy<Value = EngineCommand> {
    let devices = prop_oneof![
        Just(DeviceName::Cpu),
        Just(DeviceName::CandleCpu),
        Just(DeviceName::CandleCuda(1)),
        (0u32..64).prop_map(DeviceName::Cuda),
    ];
    let numbers = any::<(u32, u32, u32, u64, u32)>();
    let spec = (any::<(String, String, Option<String>)>(), devices, numbers).prop_map(
        |(texts, device, (threads, context, prefill_chunk, prefixes, parallel))| {
            let (path, sha256, disk_cache) = texts;
            LoadSpec {
                path,
                sha256,
                device,
                threads,
                context,
                prefill_chunk,
                prefix_cache_bytes: prefixes,
                parallel,
                disk_cache,
            }
        },
    );
    let text = any::<Option<String>>;
    let endpoint = (any::<(String, String, u32, u64, u32)>(), text(), text()).prop_map(
        |((url, model, parallel, connect_ms, attempts), key_file, ca_file)| EndpointSpec {
            url,
            model,
            key_file,
            ca_file,
            parallel,
            connect_ms,
            attempts,
        },
    );
    prop_oneof![
        spec.prop_map(|spec| EngineCommand::Load { spec: ModelSpec::File(spec) }),
        endpoint.prop_map(|spec| EngineCommand::Load { spec: ModelSpec::Endpoint(spec) }),
        (any::<u64>(), requests())
            .prop_map(|(id, request)| EngineCommand::Generate { id, request }),
        any::<(String, String, u32)>().prop_map(|(folder, sha256, threads)| {
            let spec = EncoderSpec { folder, sha256, threads };
            EngineCommand::Load { spec: ModelSpec::Encoder(spec) }
        }),
        (any::<u64>(), embed_requests())
            .prop_map(|(id, request)| EngineCommand::Embed { id, request }),
        (any::<u64>(), requests()).prop_map(|(id, request)| EngineCommand::Keep { id, request }),
        any::<u64>().prop_map(|id| EngineCommand::Cancel { id }),
        Just(EngineCommand::Shutdown),
    ]
}

fn reports() -> impl Strategy<Value = EngineReport> {
    let level = prop_oneof![Just(LogLevel::Debug), Just(LogLevel::Info), Just(LogLevel::Warning)];
    let texts = any::<(String, String, String)>();
    let info = (texts, any::<(u32, u32, u64, u64, u64)>()).prop_map(
        |((name, architecture, sha256), (context, vocab, file_bytes, weight_bytes, load_ms))| {
            let chat = ChatFormat::ChatMl;
            ModelInfo {
                name,
                architecture,
                chat,
                context,
                vocab,
                file_bytes,
                weight_bytes,
                sha256,
                load_ms,
            }
        },
    );
    prop_oneof![
        any::<(u32, String)>()
            .prop_map(|(protocol, build)| EngineReport::Hello { protocol, build }),
        any::<u8>().prop_map(|percent| EngineReport::Progress { percent }),
        info.prop_map(|info| EngineReport::Ready { info }),
        failures().prop_map(|failure| EngineReport::LoadFailed { failure }),
        (level, any::<String>()).prop_map(|(level, message)| EngineReport::Log { level, message }),
        (any::<u64>(), events()).prop_map(|(id, event)| EngineReport::Event { id, event }),
        (any::<u64>(), any::<Vec<u8>>(), 0..3usize).prop_map(|(id, bytes, rest)| {
            let rest = [FileRest::More, FileRest::Nothing, FileRest::Lost][rest];
            EngineReport::Kept { id, part: FilePart { bytes, rest } }
        }),
        any::<(String, String)>().prop_map(|(name, why)| EngineReport::Unusable { name, why }),
    ]
}

/// Bytes with some of them changed, doubled or left out.
fn damaged(mut bytes: Vec<u8>, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (at, kind, byte) in edits {
        if bytes.is_empty() {
            bytes.push(*byte);
        }
        let at = at.index(bytes.len());
        match kind % 4 {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, *byte),
            2 => bytes.truncate(at),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|b| *b ^= byte),
        }
    }
    bytes
}

proptest! {
    #[test]
    fn messages_come_back(
        command in commands(), report in reports(), request in requests(), event in events(),
        position in any::<u32>(), texts in embed_requests(), startup_ms in any::<u64>(),
        percent in any::<u8>(), earlier in any::<Option<String>>(),
    ) {
        prop_assert_eq!(&decode::<EngineCommand>(&encode(&command).unwrap()).unwrap(), &command);
        prop_assert_eq!(&decode::<EngineReport>(&encode(&report).unwrap()).unwrap(), &report);
        let submit = ClientFrame::Submit { request: Box::new(request), startup_ms };
        prop_assert_eq!(&decode::<ClientFrame>(&encode(&submit).unwrap()).unwrap(), &submit);
        let embed = ClientFrame::Embed { request: texts };
        prop_assert_eq!(&decode::<ClientFrame>(&encode(&embed).unwrap()).unwrap(), &embed);
        let loading = ServerFrame::Loading { percent, earlier };
        for frame in [ServerFrame::Queued { position }, loading, ServerFrame::Event { event }] {
            prop_assert_eq!(&decode::<ServerFrame>(&encode(&frame).unwrap()).unwrap(), &frame);
        }
    }

    #[test]
    fn a_stream_in_pieces_gives_every_message(
        sent in prop::collection::vec(reports(), 0..6), piece in 1usize..300,
    ) {
        let bytes: Vec<u8> = sent.iter().flat_map(|m| encode_framed(m).unwrap()).collect();
        let mut decoder = Decoder::default();
        let mut seen: Vec<EngineReport> = Vec::new();
        for part in bytes.chunks(piece) {
            decoder.push(part);
            while let Some(message) = decoder.next_message().unwrap() {
                seen.push(message);
            }
        }
        prop_assert_eq!(seen, sent);
    }

    #[test]
    fn damaged_bytes_do_no_harm(
        command in commands(), report in reports(), event in events(),
        edits in prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..6),
    ) {
        let payload = damaged(encode(&command).unwrap(), &edits);
        if let Ok(message) = decode::<EngineCommand>(&payload) {
            // What is taken can be passed on, and is then the same.
            prop_assert_eq!(&decode::<EngineCommand>(&encode(&message).unwrap()).unwrap(), &message);
        }
        let _ = decode::<ServerFrame>(&damaged(encode(&ServerFrame::Event { event }).unwrap(), &edits));
        let mut decoder = Decoder::default();
        decoder.push(&damaged(encode_framed(&report).unwrap(), &edits));
        decoder.push(&encode_framed(&report).unwrap());
        while let Ok(Some(_)) = decoder.next_message::<EngineReport>() {}
    }
}

/// What a byte stream gives up to its end or its first error, and that error.
fn read_all<T: serde::de::DeserializeOwned>(parts: &[&[u8]]) -> (Vec<T>, Option<FrameError>) {
    let (mut decoder, mut seen) = (Decoder::default(), Vec::new());
    for part in parts {
        decoder.push(part);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => seen.push(message),
                Ok(None) => break,
                Err(error) => return (seen, Some(error)),
            }
        }
    }
    (seen, None)
}

/// All four kinds of messages as payloads.
fn payloads() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        commands().prop_map(|m| encode(&m).unwrap()),
        reports().prop_map(|m| encode(&m).unwrap()),
        requests().prop_map(|request| {
            encode(&ClientFrame::Submit { request: Box::new(request), startup_ms: 1 }).unwrap()
        }),
        events().prop_map(|event| encode(&ServerFrame::Event { event }).unwrap()),
    ]
}

/// Whether any of the four readers takes a payload.
fn anybody_takes(payload: &[u8]) -> bool {
    decode::<EngineCommand>(payload).is_ok()
        || decode::<EngineReport>(payload).is_ok()
        || decode::<ClientFrame>(payload).is_ok()
        || decode::<ServerFrame>(payload).is_ok()
}

proptest! {
    #[test]
    fn a_stream_that_ends_early_gives_the_whole_messages_and_no_other(
        sent in prop::collection::vec(reports(), 1..6), cut in any::<prop::sample::Index>(),
    ) {
        let frames: Vec<_> = sent.iter().map(|m| encode_framed(m).unwrap()).collect();
        let bytes = frames.concat();
        let cut = cut.index(bytes.len());
        let mut end = 0;
        let whole = frames.iter().take_while(|frame| { end += frame.len(); end <= cut }).count();
        let (seen, error) = read_all::<EngineReport>(&[&bytes[..cut]]);
        prop_assert_eq!(&seen[..], &sent[..whole]);
        prop_assert!(error.is_none());
    }

    #[test]
    fn a_length_over_the_limit_ends_the_stream_wherever_it_comes(
        sent in prop::collection::vec(commands(), 0..4),
        length in MAX_FRAME as u32 + 1..=u32::MAX, more in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let bytes: Vec<u8> = sent.iter().flat_map(|m| encode_framed(m).unwrap()).collect();
        let parts = [&bytes[..], &length.to_le_bytes(), &more];
        let (seen, error) = read_all::<EngineCommand>(&parts);
        prop_assert_eq!(seen, sent);
        prop_assert!(matches!(error, Some(FrameError::TooLong(found)) if found == length as usize));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused_wherever_they_are(
        mut payload in payloads(), at in any::<prop::sample::Index>(), byte in 0xF8..=0xFFu8,
    ) {
        prop_assert!(anybody_takes(&payload));
        let at = at.index(payload.len());
        payload.insert(at, byte);
        prop_assert!(!anybody_takes(&payload));
    }

    #[test]
    fn a_payload_of_one_direction_is_not_taken_in_the_other(
        command in commands(), report in reports(), request in requests(), event in events(),
    ) {
        prop_assert!(decode::<EngineReport>(&encode(&command).unwrap()).is_err());
        prop_assert!(decode::<EngineCommand>(&encode(&report).unwrap()).is_err());
        let submit = ClientFrame::Submit { request: Box::new(request), startup_ms: 1 };
        let submit = encode(&submit).unwrap();
        prop_assert!(decode::<ServerFrame>(&submit).is_err());
        prop_assert!(decode::<EngineCommand>(&submit).is_err());
        let frame = encode(&ServerFrame::Event { event }).unwrap();
        prop_assert!(decode::<ClientFrame>(&frame).is_err());
        // An event for a backend has no id: it cannot pass for one of the engine's.
        prop_assert!(decode::<EngineReport>(&frame).is_err());
    }

    #[test]
    fn random_bytes_are_no_message(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..4),
    ) {
        let whole = parts.concat();
        prop_assert!(!anybody_takes(&whole));
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        prop_assert!(read_all::<EngineCommand>(&parts).0.is_empty());
        prop_assert!(read_all::<EngineReport>(&parts).0.is_empty());
    }
}

#[test]
fn halves_of_characters_are_refused() {
    for text in [r"\ud800", r"\udc00", r"\ud800\ud800"] {
        let payload = format!(r#"{{"type":"log","level":"info","message":"{text}"}}"#);
        assert!(decode::<EngineReport>(payload.as_bytes()).is_err(), "{text}");
    }
}

/// A nesting that would overflow a recursive reader, and a great many messages at once.
#[test]
fn hostile_streams_come_to_an_end() {
    for piece in ["[", "{\"type\":", "{\"a\":[", "\"", "1"] {
        let payload = piece.repeat(MAX_FRAME / piece.len());
        assert!(decode::<EngineReport>(payload.as_bytes()).is_err(), "{piece}");
    }
    let one = encode_framed(&EngineCommand::Shutdown).unwrap();
    let mut decoder = Decoder::default();
    decoder.push(&one.repeat(200_000));
    let mut seen = 0;
    while let Some(message) = decoder.next_message::<EngineCommand>().unwrap() {
        assert_eq!(message, EngineCommand::Shutdown);
        seen += 1;
    }
    assert_eq!(seen, 200_000);
}
