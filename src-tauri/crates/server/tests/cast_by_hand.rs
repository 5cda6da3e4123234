//! The transcript of a cast in the protocol's README, replayed word for word.

use duet_server::ServerConfig;
use serde_json::Value;

use crate::client::{Client, server_with};

const README: &str = include_str!("../../protocol/README.md");

#[tokio::test]
async fn a_cast_goes_as_the_readme_shows_it() {
    let server = server_with(ServerConfig::loopback()).await;
    let mut wall = Client::connect(&server).await;
    let mut ann = Client::connect(&server).await;
    let mut replay = Replay::default();
    let (_, section) = README.split_once("## Cast").expect("the section");
    let (_, transcript) = section.split_once("```text\n").expect("the transcript");
    let (transcript, _) = transcript.split_once("```").expect("its end");
    let lines = transcript.lines().filter(|line| !line.is_empty());
    let mut count = 0;
    for line in lines {
        let client = match line.split_once(' ').expect("who") {
            ("Wall", _) => &mut wall,
            ("Ann", _) => &mut ann,
            (other, _) => panic!("{other} is nobody"),
        };
        match line.split_once(" > ") {
            Some((_, sent)) => client.send_text(&replay.with_real_values(sent)).await,
            None => {
                let (_, shown) = line.split_once(" < ").expect("a direction");
                let received = client.next_text().await;
                replay.learn(shown, &received);
            }
        }
        count += 1;
    }
    assert!(count >= 10, "the transcript was found");
}

/// What the README writes for what only a run can know.
#[derive(Default)]
struct Replay {
    real: Vec<(String, String)>,
}

impl Replay {
    fn with_real_values(&self, shown: &str) -> String {
        let text = shown.to_owned();
        self.real.iter().fold(text, |text, (shown, real)| {
            text.replace(shown.as_str(), real)
        })
    }

    /// The same fields, equal but for codes and what is shortened.
    fn learn(&mut self, shown: &str, received: &str) {
        let shown: Value = serde_json::from_str(shown).expect("JSON in the README");
        let received: Value = serde_json::from_str(received).expect("JSON on the wire");
        let (Value::Object(shown), Value::Object(received)) = (shown, received) else {
            panic!("not objects");
        };
        let keys = |object: &serde_json::Map<String, Value>| -> Vec<String> {
            object.keys().cloned().collect()
        };
        assert_eq!(keys(&shown), keys(&received));
        for (key, value) in shown {
            let real = &received[&key];
            let (Value::String(shown), Value::String(real)) = (&value, real) else {
                assert_eq!(&value, real, "{key}");
                continue;
            };
            if key == "code" && shown.len() == 9 || shown.ends_with('…') {
                let known = self.real.iter().find(|(known, _)| known == shown);
                match known {
                    Some((_, known)) => assert_eq!(known, real, "{key}"),
                    None => self.real.push((shown.clone(), real.clone())),
                }
            } else {
                assert_eq!(shown, real, "{key}");
            }
        }
    }
}
