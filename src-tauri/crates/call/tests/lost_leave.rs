//! A leave that never arrived does not lock us out of our own place.

use duet_call::Input;

use crate::world::World;

#[test]
fn joining_again_takes_the_place_back() {
    for server_notices in [true, false] {
        let mut world = World::in_call();
        world.disconnect(1, server_notices);
        world.input(1, Input::Leave);
        world.input(1, Input::Rejoin);
        let start = world.now;
        world.settle();
        world.expect_connected();
        assert!(world.now - start < std::time::Duration::from_secs(15));
    }
}
