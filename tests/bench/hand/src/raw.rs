//! x
#[derive(Default)]
pub(crate) struct Raw;
impl bench_worker::Engine for Raw { fn map(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<(), String> { Err("x".into()) } }
