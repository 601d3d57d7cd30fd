//! The program `connreg`, run as a process, without servers.

mod answers;
mod checking;
mod ending;
mod init;
mod pinging;
mod program;
mod transcript;
