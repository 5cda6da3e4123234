//! A name with several addresses: the first that answers is used.

use crate::bench::{Client, server};

#[tokio::test]
async fn localhost_is_found_although_it_may_mean_ipv6_first() {
    let server = server().await;
    let url = server.url().replace("127.0.0.1", "localhost");
    let mut client = Client::start(&url);
    client.opened().await;
}
