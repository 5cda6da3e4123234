//! A path through a relay falls silent. Who came first asks for another one; who came later leaves it to them, and
//! asks only if nothing comes of that: they may be the only one who hears nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use duet_engine::{IcePolicy, PathConfig};
use duet_server::Server;
use parking_lot::Mutex;
use tokio::net::UdpSocket;

use crate::common::{Person, in_a_call, server};
use crate::relay_ends::{comes_back, ice_server, is_back, is_broken, relay_server, used};
use crate::tampering::{Search, proxy};

/// How an offer looks to the one who gets it. The description in it has its quotation marks escaped.
const OFFER: &[u8] = b"cmd\":\"offer\"";

/// Who offered, in this order.
type Offers = Arc<Mutex<Vec<&'static str>>>;

/// A place before a relay, which can keep back what the relay sends.
struct Front {
    address: SocketAddr,
    keeps_back: Arc<AtomicBool>,
}

impl Front {
    /// Ends with the runtime.
    async fn of(relay: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("bound");
        let keeps_back = Arc::new(AtomicBool::new(false));
        let (socket, is_silent) = (Arc::new(socket), Arc::clone(&keeps_back));
        tokio::spawn(async move {
            let mut ways: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
            let mut datagram = [0; 2_000];
            while let Ok((length, client)) = socket.recv_from(&mut datagram).await {
                let way = match ways.get(&client) {
                    Some(way) => Arc::clone(way),
                    None => {
                        let way = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
                        way.connect(relay).await.expect("a relay");
                        let way = Arc::new(way);
                        let back = [&way, &socket].map(Arc::clone);
                        tokio::spawn(bring_back(back, client, Arc::clone(&is_silent)));
                        ways.insert(client, Arc::clone(&way));
                        way
                    }
                };
                // A relay that has ended takes nothing.
                let _ = way.send(&datagram[..length]).await;
            }
        });
        Self {
            address,
            keeps_back,
        }
    }
}

async fn bring_back(
    [way, socket]: [Arc<UdpSocket>; 2],
    client: SocketAddr,
    is_silent: Arc<AtomicBool>,
) {
    let mut datagram = [0; 2_000];
    loop {
        // An error says that the relay has ended; it may run again.
        if let Ok(length) = way.recv(&mut datagram).await
            && !is_silent.load(Relaxed)
        {
            let _ = socket.send_to(&datagram[..length], client).await;
        }
    }
}

/// Ana, who came first, and Ben, both by relays only; Ben's are behind fronts.
struct Scene {
    ana: Person,
    ben: Person,
    relays: [Server; 2],
    fronts: [Front; 2],
    offers: Offers,
    _signaling: Server,
}

impl Scene {
    async fn new() -> Self {
        let signaling = server().await;
        let relays = [relay_server().await, relay_server().await];
        let addresses = relays.each_ref().map(|relay| relay.turn_addrs()[0]);
        let fronts = [Front::of(addresses[0]).await, Front::of(addresses[1]).await];
        let offers = Offers::default();
        let mut ana = person(&signaling, &offers, "ben", addresses).await;
        let behind = fronts.each_ref().map(|front| front.address);
        let mut ben = person(&signaling, &offers, "ana", behind).await;
        in_a_call(&mut ana, &mut ben).await;
        for person in [&ana, &ben] {
            person.sees_more().await;
            person.goes_by_relay().await;
        }
        offers.lock().clear();
        Self {
            ana,
            ben,
            relays,
            fronts,
            offers,
            _signaling: signaling,
        }
    }
}

/// Somebody by these relays only; what the other offers them is noted.
async fn person(
    server: &Server,
    offers: &Offers,
    other: &'static str,
    relays: [SocketAddr; 2],
) -> Person {
    let (mut offer, offers) = (Search::new(OFFER), Arc::clone(offers));
    let note = move |byte: &mut u8| {
        if offer.ends_with(*byte) {
            offers.lock().push(other);
        }
    };
    let url = proxy(server.local_addrs()[0], note).await;
    let person = Person::at(&url, |_| {});
    let path = PathConfig {
        ice_policy: IcePolicy::Relay,
        ice_servers: relays.map(ice_server).to_vec(),
    };
    person.endpoint.set_path(path).await.expect("runs");
    person
}

#[tokio::test(flavor = "multi_thread")]
async fn who_came_first_asks_when_both_hear_nothing() {
    let mut scene = Scene::new().await;
    let index = used(&scene.relays, &scene.ana).await;
    scene.relays[index].close_relay();
    comes_back(&mut scene.ana, &mut scene.ben, || {}).await;
    assert_eq!(scene.offers.lock().first(), Some(&"ana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_came_later_asks_when_they_alone_hear_nothing() {
    let mut scene = Scene::new().await;
    let index = used(&scene.relays, &scene.ana).await;
    scene.fronts[index].keeps_back.store(true, Relaxed);
    scene.ben.until_state("break", is_broken).await;
    scene.ben.until_state("call again", is_back).await;
    for person in [&scene.ana, &scene.ben] {
        person.sees_more().await;
    }
    assert_eq!(scene.offers.lock().first(), Some(&"ben"));
}
