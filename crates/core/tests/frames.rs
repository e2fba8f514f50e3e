//! The frames of the protocol as both ends see them: every message comes back as it was sent, and
//! damaged bytes give an error or a message, never a panic.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use proptest::prelude::*;
use text2sql_core::chat::{ChatFormat, ChatPrompt, Role, Turn};
use text2sql_core::protocol::{
    ClientFrame, Decoder, EngineCommand, EngineReport, Event, Failure, FailureCode, Finish,
    GenerateRequest, GenerationStats, LoadSpec, LogLevel, MAX_FRAME, ModelInfo, ServerFrame,
    decode, encode, encode_framed,
};

fn prompts() -> impl Strategy<Value = ChatPrompt> {
    let role = prop_oneof![Just(Role::User), Just(Role::Assistant)];
    let turns = prop::collection::vec((role, any::<String>()), 0..4);
    (any::<String>(), turns, any::<String>()).prop_map(|(system, turns, assistant_prefix)| {
        let turns = turns.into_iter().map(|(role, text)| Turn { role, text }).collect();
        ChatPrompt { system, turns, assistant_prefix }
    })
}

fn requests() -> impl Strategy<Value = GenerateRequest> {
    (prompts(), any::<u32>(), any::<u64>(), any::<String>()).prop_map(
        |(prompt, max_new_tokens, deadline_ms, cache_scope)| GenerateRequest {
            prompt,
            max_new_tokens,
            deadline_ms,
            cache_scope,
        },
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
            };
            Event::Done { text, finish, stats }
        }),
        failures().prop_map(|failure| Event::Failed { failure }),
    ]
}

fn commands() -> impl Strategy<Value = EngineCommand> {
    let spec = (any::<String>(), any::<String>(), any::<(u32, u32, u32)>()).prop_map(
        |(path, sha256, (threads, context, prefill_chunk))| LoadSpec {
            path,
            sha256,
            threads,
            context,
            prefill_chunk,
        },
    );
    prop_oneof![
        spec.prop_map(|spec| EngineCommand::Load { spec }),
        (any::<u64>(), requests())
            .prop_map(|(id, request)| EngineCommand::Generate { id, request }),
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
        position in any::<u32>(),
    ) {
        prop_assert_eq!(&decode::<EngineCommand>(&encode(&command).unwrap()).unwrap(), &command);
        prop_assert_eq!(&decode::<EngineReport>(&encode(&report).unwrap()).unwrap(), &report);
        let submit = ClientFrame::Submit { request };
        prop_assert_eq!(&decode::<ClientFrame>(&encode(&submit).unwrap()).unwrap(), &submit);
        for frame in [ServerFrame::Queued { position }, ServerFrame::Event { event }] {
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
