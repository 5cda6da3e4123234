//! What operators are told of Redis: by `duet-server check`, by health and by figures.

use duet_server::{RedisConfig, ServerConfig};
use duet_testkit::port::free_port;
use duet_testkit::process::Signal;

use super::redis_rig::{Redis, is_connected, url_of};
use crate::check::run;
use crate::client::{Client, eventually};
use crate::monitor::{figure, get, watched};

fn check(url: &str) -> (bool, String) {
    let (is_ok, said) = run(&["--listen", "127.0.0.1:0", "--no-turn", "--redis", url]);
    assert!(!said.contains(url), "no address with a password: {said}");
    (is_ok, said)
}

#[tokio::test]
async fn a_redis_that_works_is_found_to_and_keeps_nothing_of_the_check() {
    let Some(redis) = Redis::start("cluster::operators::works").await else {
        return;
    };
    let (is_ok, said) = check(&redis.url());
    assert!(is_ok, "{said}");
    assert!(said.contains("ok redis: version "), "{said}");
    assert!(said.contains("redis: a word comes back after"), "{said}");
    let client = redis::Client::open(redis.url()).expect("an address");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("it runs");
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*:check")
        .query_async(&mut connection)
        .await
        .expect("an answer");
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_redis_is_said() {
    let test = "cluster::operators::wrong";
    let nobody = url_of(free_port().expect("a free port"));
    let (is_ok, said) = check(&nobody);
    assert!(
        !is_ok && said.contains("problem redis: it cannot be reached"),
        "{said}"
    );
    let replica_of = free_port().expect("a free port").to_string();
    let cluster_port = free_port().expect("a free port").to_string();
    let user = |line: &'static str| -> Vec<&'static str> { line.split(' ').collect() };
    let limited = user("--user limited on >north ~* &* +@all -eval");
    let mute = user("--user mute on >north ~* &* +@all -info");
    for (settings, user, expected) in [
        (
            &["--requirepass", "north"][..],
            "",
            "problem redis: it refuses the user or the password",
        ),
        (
            &["--requirepass", "north"],
            ":south@",
            "problem redis: it refuses the user or the password",
        ),
        (&["--requirepass", "north"], ":north@", "ok redis: version"),
        (
            &limited,
            "limited:north@",
            "problem redis: this user may not do everything",
        ),
        (
            &mute,
            "mute:north@",
            "warning redis: it works, and does not say which version",
        ),
        (
            &["--replicaof", "127.0.0.1", &replica_of],
            "",
            "problem redis: it is a replica",
        ),
        (
            &["--cluster-enabled", "yes", "--cluster-port", &cluster_port],
            "",
            "problem redis: it is a Redis Cluster",
        ),
        (
            &["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"],
            "",
            "warning redis: it drops keys",
        ),
    ] {
        let Some(redis) = Redis::start_with(test, settings).await else {
            return;
        };
        let url = format!("redis://{user}127.0.0.1:{}", redis.port());
        let (is_ok, said) = check(&url);
        assert!(said.contains(expected), "{settings:?} {user}: {said}");
        assert_eq!(is_ok, !said.contains("problem"), "{said}");
        assert!(!said.contains("north") && !said.contains("south"), "{said}");
    }
}

#[tokio::test]
async fn a_redis_that_stands_still_is_said_in_time() {
    let Some(mut redis) = Redis::start("cluster::operators::stands").await else {
        return;
    };
    redis.signal(Signal::Stop);
    let url = redis.url();
    let checked = tokio::task::spawn_blocking(move || check(&url)).await;
    redis.signal(Signal::Continue);
    let (is_ok, said) = checked.expect("no panic");
    assert!(
        !is_ok && said.contains("does not answer within 3 s"),
        "{said}"
    );
}

#[tokio::test]
async fn health_and_figures_say_how_redis_is() {
    let Some(mut redis) = Redis::start("cluster::operators::health").await else {
        return;
    };
    let config = || ServerConfig {
        redis: Some(RedisConfig::new(&redis.url())),
        ..ServerConfig::loopback()
    };
    let (first, second) = (watched(config()).await, watched(config()).await);
    let address = first.monitor_addrs()[0];
    for node in [&first, &second] {
        eventually("the node reaches Redis", || is_connected(node)).await;
    }
    let mut a = Client::connect(&first).await;
    a.join("r", "a").await;
    let mut b = Client::connect(&second).await;
    b.join("r", "b").await;
    let text = get(address, "/metrics").await;
    for (name, value) in [
        ("connected", 1.0),
        ("owned", 1.0),
        ("proxied", 1.0),
        ("links", 0.0),
    ] {
        assert_eq!(
            figure(&text, &format!("duet_cluster_{name}")),
            value,
            "{name}"
        );
    }
    let text = get(second.monitor_addrs()[0], "/metrics").await;
    assert_eq!(figure(&text, "duet_cluster_links"), 1.0);
    assert!(get(address, "/readyz").await.ends_with("ready\n"));
    redis.kill();
    eventually("Redis is missed", || !is_connected(&first)).await;
    // Its own people are served, so it stays ready.
    for (path, said) in [
        ("/healthz", "ok, but Redis is out of reach\n"),
        ("/readyz", "ready, but Redis is out of reach\n"),
    ] {
        let answer = get(address, path).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with(said),
            "{answer}"
        );
    }
    let text = get(address, "/metrics").await;
    assert_eq!(figure(&text, "duet_cluster_connected"), 0.0);
    // A check beside it takes it for what it is.
    let door = first.local_addrs()[0].to_string();
    let own = tokio::task::spawn_blocking(move || run(&["--listen", &door, "--no-turn"])).await;
    let (_, said) = own.expect("no panic");
    assert!(said.contains("runs here and is healthy"), "{said}");
    redis.start_again().await;
    eventually("Redis is back", || is_connected(&first)).await;
    assert!(get(address, "/readyz").await.ends_with("ready\n"));
}
