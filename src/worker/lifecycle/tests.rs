//! Engines that take over from each other, in a server: what they do is said in its log.

#[pgrx::pg_schema]
#[allow(clippy::unwrap_used, reason = "test code: a failed expectation is the outcome")]
mod tests {
    use super::super::*;
    use crate::worker::engine::Running;
    use pgrx::prelude::*;
    use text2sql_core::chat::ChatFormat;
    use text2sql_core::models::Source;
    use text2sql_core::protocol::EncoderSpec;

    /// A process that says nothing, taken for an engine in this phase that works on so many
    /// requests.
    fn engine(phase: Phase, requests: u64) -> Engine {
        let spec = EncoderSpec { folder: String::new(), sha256: String::new(), threads: 1 };
        let mut engine = Engine::start(&EngineConfig {
            program: "/bin/cat".into(),
            threads: 1,
            parallel: 4,
            spec: ModelSpec::Encoder(spec),
            disk_cache: None,
        })
        .unwrap();
        engine.phase = phase;
        let give_up_at = Instant::now() + Duration::from_secs(600);
        engine.running =
            (0..requests).map(|id| Running { id, role: 0, give_up_at, written: 0 }).collect();
        engine
    }

    fn ready() -> Phase {
        Phase::Ready(Box::new(ModelInfo {
            name: String::new(),
            architecture: String::new(),
            chat: ChatFormat::ChatMl,
            context: 0,
            vocab: 0,
            file_bytes: 0,
            weight_bytes: 0,
            sha256: String::new(),
            load_ms: 0,
        }))
    }

    fn lifecycle() -> Lifecycle {
        let source = Source::File { path: String::new(), sha256: None, device: None };
        Lifecycle::new(ModelEntry { name: "a".to_owned(), tier: 1, source }, true)
    }

    #[pg_test]
    fn a_second_successor_waits_until_the_engine_before_has_done_its_work() {
        let mut engines = lifecycle();
        engines.retiring = Some(engine(ready(), 1));
        engines.serving = Some(engine(ready(), 1));
        engines.successor = Some(engine(ready(), 0));
        let (serving, now) = (engines.pid(), Instant::now());
        for _ in 0..3 {
            assert!(engines.turn(now).is_empty());
            assert_eq!((engines.pid(), engines.running()), (serving, 2), "no request is lost");
        }
        engines.retiring.as_mut().unwrap().running.clear();
        engines.turn(now);
        engines.turn(now);
        assert_ne!(engines.pid(), serving);
        assert_eq!(engines.running(), 1, "what the second worked on goes on, too");
        assert_eq!(engines.state(), EngineState::Draining);
        engines.end();
    }

    #[pg_test]
    fn a_successor_that_waits_takes_the_place_of_a_crashed_engine() {
        for serving in [None, Some(engine(Phase::Loading { percent: 7 }, 0))] {
            let mut engines = lifecycle();
            engines.retiring = Some(engine(ready(), 1));
            engines.serving = serving;
            engines.successor = Some(engine(ready(), 0));
            engines.restart_at = Some(Duration::from_secs(600));
            assert!(engines.turn(Instant::now()).is_empty());
            assert!(engines.is_ready() && engines.successor.is_none());
            assert_eq!((engines.running(), engines.restart_at), (1, None));
            engines.end();
        }
    }

    #[pg_test]
    fn what_the_system_lacks_at_the_moment_has_no_engine_given_up() {
        let mut engines = lifecycle();
        for _ in 0..10 {
            // Said before, so nothing is written to a log that is not there.
            engines.failure = Some(died("no process"));
            engines.try_again(died("no process"));
            assert!(engines.restart_at.is_some());
            assert_eq!(engines.dead_end(), None);
            assert_eq!(engines.state(), EngineState::Loading { percent: 0 });
        }
    }

    #[pg_test]
    fn a_reload_for_which_something_is_lacking_is_tried_again_while_the_old_engine_serves() {
        let mut engines = lifecycle();
        engines.serving = Some(engine(ready(), 1));
        let (serving, now) = (engines.pid(), Instant::now());
        engines.failure = Some(died("no process"));
        engines.try_again(died("no process"));
        engines.turn(now);
        assert!(engines.restart_at.is_some() && engines.needs_polling());
        assert_eq!(engines.failure().unwrap(), &died("no process"), "not yet tried again");
        engines.restart_at = Some(Duration::ZERO);
        engines.turn(now);
        assert_eq!(engines.restart_at, None);
        let tried = engines.failure().unwrap();
        assert_eq!(tried.code, FailureCode::NoModel, "the entry names none: it was tried");
        assert_eq!((engines.pid(), engines.running(), engines.dead_end()), (serving, 1, None));
        assert!(engines.is_ready());
        engines.end();
    }
}
