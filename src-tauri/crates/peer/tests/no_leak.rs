//! Closing ends everything: fifty calls leave no descriptor and no task behind, nor do peers that
//! are only dropped. In a program of its own, since both are counted for the whole process.

#[path = "peer/common.rs"]
mod common;

use std::time::Duration;

use common::{connected, talk};

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

async fn settle(tasks_wanted: usize) {
    for _ in 0..500 {
        if tasks() <= tasks_wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn call_and_close() {
    let (mut a, mut b) = connected().await;
    talk(&mut a, &mut b, 3).await;
    a.peer.close().await;
    b.peer.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_and_dropped_peers_leave_nothing() {
    call_and_close().await;
    settle(0).await;
    let (tasks_before, descriptors_before) = (tasks(), descriptors());
    for _ in 0..50 {
        call_and_close().await;
    }
    println!("right after close: {} tasks", tasks());
    settle(tasks_before).await;
    assert_eq!(tasks(), tasks_before);
    println!(
        "after 50 closed: descriptors {descriptors_before} -> {}",
        descriptors()
    );
    assert_eq!(descriptors(), descriptors_before);
    for _ in 0..10 {
        drop(connected().await);
    }
    settle(tasks_before).await;
    println!(
        "after 10 dropped: tasks {}, descriptors {}",
        tasks(),
        descriptors()
    );
    assert_eq!((tasks(), descriptors()), (tasks_before, descriptors_before));
}
