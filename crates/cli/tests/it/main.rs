//! The program as its users meet it: started as a process, judged by exit code, stdout, stderr
//! and the files it leaves.

mod broken;
mod help;
mod messages;
mod outputs;
mod results;
mod signals;
mod support;
