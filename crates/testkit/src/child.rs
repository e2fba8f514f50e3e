//! An engine binary as a child process on a socketpair, as the extension's worker starts it.
//!
//! For tests: every wait has an end, and the child dies with the handle.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use text2sql_core::protocol::{
    Decoder, EngineCommand, EngineReport, LoadSpec, ModelSpec, encode_framed,
};

/// Longest a test waits for one report.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    child: Child,
    stream: UnixStream,
    decoder: Decoder,
}

impl Engine {
    /// Starts a binary.
    ///
    /// # Errors
    /// As starting a process.
    pub fn start(binary: &Path) -> Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let child = Command::new(binary)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .env_clear()
            .env("CANDLE_NUM_THREADS", "2")
            .env("RAYON_NUM_THREADS", "2")
            .env("TOKENIZERS_PARALLELISM", "false")
            .spawn()?;
        ours.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { child, stream: ours, decoder: Decoder::default() })
    }

    /// Sends a command.
    ///
    /// # Errors
    /// Where the engine is gone.
    pub fn send(&mut self, command: &EngineCommand) -> Result<()> {
        self.stream.write_all(&encode_framed(command).map_err(Error::other)?)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// Where the engine is gone.
    pub fn send_raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes)
    }

    /// Waits for the next report.
    ///
    /// # Errors
    /// `UnexpectedEof` where the engine is gone, `InvalidData` where its bytes are no frame.
    pub fn report(&mut self) -> Result<EngineReport> {
        let mut buffer = [0; 4096];
        loop {
            let report = self
                .decoder
                .next_message()
                .map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
            if let Some(report) = report {
                return Ok(report);
            }
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.decoder.push(buffer.get(..count).unwrap_or_default());
        }
    }

    /// Sends the load command and waits for the model, or for the reason there is none. Returns
    /// all reports.
    ///
    /// # Errors
    /// Where the engine is gone.
    pub fn load(&mut self, spec: LoadSpec) -> Result<Vec<EngineReport>> {
        let mut all = vec![self.report()?];
        self.send(&EngineCommand::Load { spec: ModelSpec::File(spec) })?;
        loop {
            let report = self.report()?;
            let end =
                matches!(report, EngineReport::Ready { .. } | EngineReport::LoadFailed { .. });
            all.push(report);
            if end {
                return Ok(all);
            }
        }
    }

    /// The child's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Closes the socket.
    ///
    /// # Errors
    /// Where it is closed already.
    pub fn hang_up(&mut self) -> Result<()> {
        self.stream.shutdown(std::net::Shutdown::Both)
    }

    /// Waits for the end of the process.
    ///
    /// # Errors
    /// `TimedOut` where it does not end.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if begin.elapsed() > patience {
                return Err(ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Both fail only where the child is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
