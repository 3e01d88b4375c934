//! The command line: `--name value` pairs.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

/// What was given, by name without its dashes.
#[derive(Debug)]
pub struct Options(HashMap<String, String>);

impl Options {
    /// Reads `--name value` pairs.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut found = HashMap::new();
        while let Some(word) = words.next() {
            let name = word
                .strip_prefix("--")
                .ok_or_else(|| format!("'{word}' is no option"))?;
            let value = words
                .next()
                .ok_or_else(|| format!("--{name} needs a value"))?;
            found.insert(name.to_owned(), value);
        }
        Ok(Self(found))
    }

    /// The value of an option that must be there.
    pub fn required<T: FromStr>(&self, name: &str) -> Result<T, String> {
        self.optional(name)?
            .ok_or_else(|| format!("--{name} is missing"))
    }

    /// The value of an option that may be left out.
    pub fn optional<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        let Some(text) = self.0.get(name) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| format!("--{name} {text}: not a value that it can have"))
    }

    /// A time in seconds, "0.5".
    pub fn seconds(&self, name: &str) -> Result<Duration, String> {
        let seconds = self.required(name)?;
        Duration::try_from_secs_f64(seconds).map_err(|error| format!("--{name} {seconds}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Result<Options, String> {
        Options::parse(words.iter().map(ToString::to_string))
    }

    #[test]
    fn values_are_read_by_name() {
        let options = options(&["--calls", "20", "--settle", "0.5"]).expect("two pairs");
        assert_eq!(options.required("calls"), Ok(20_usize));
        assert_eq!(options.seconds("settle"), Ok(Duration::from_millis(500)));
        assert_eq!(options.optional::<usize>("core"), Ok(None));
    }

    #[test]
    fn what_is_missing_or_no_value_is_named() {
        assert!(
            options(&["calls"])
                .expect_err("no dashes")
                .contains("'calls'")
        );
        assert!(
            options(&["--calls"])
                .expect_err("no value")
                .contains("--calls")
        );
        let options = options(&["--calls", "many", "--measure", "-1"]).expect("two pairs");
        assert!(
            options
                .required::<usize>("calls")
                .expect_err("no number")
                .contains("many")
        );
        assert!(
            options
                .required::<usize>("core")
                .expect_err("left out")
                .contains("--core")
        );
        assert!(
            options
                .seconds("measure")
                .expect_err("negative")
                .contains("--measure")
        );
    }
}
