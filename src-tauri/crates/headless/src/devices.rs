//! `duet-peer devices`: what there is to name in `device:ID`.

use duet_media::device_watch::DeviceList;

/// Prints the lists, one device a line.
pub(crate) fn print() {
    let devices = DeviceList::read();
    println!("Cameras");
    for camera in &devices.cameras {
        println!("  device:{}  {}", camera.id, camera.name);
    }
    for (title, list) in [
        ("Microphones", &devices.microphones),
        ("Speakers", &devices.speakers),
    ] {
        println!("{title}");
        for device in list {
            let mark = if device.is_default { "  (default)" } else { "" };
            println!("  device:{}  {}{mark}", device.id, device.name);
        }
    }
}
