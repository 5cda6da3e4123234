//! Lost packets: FEC gives most of the sound back, concealment the rest, and FEC is better.

use duet_media::codec::{
    AudioDecoder, AudioEncoder, OpusDecoder, OpusEncoder, OpusSettings, packet_has_fec,
};
use duet_testkit::dice::Dice;

use super::speech::{level_db, snr_db, speech};
use super::trace::{Playout, at, packets};

#[test]
fn fec_is_nearer_to_the_lost_sound_than_concealment() {
    let settings = OpusSettings {
        expected_loss_percent: 20,
        ..OpusSettings::default()
    };
    let mut encoder = OpusEncoder::new(settings).expect("encoder");
    let encoded: Vec<_> = (0..200_usize)
        .map(|index| {
            let samples: Vec<f32> = (index * 960..(index + 1) * 960).map(speech).collect();
            encoder.encode(&samples).expect("encodes")
        })
        .collect();
    let mut decoders = [(); 3].map(|()| OpusDecoder::new().expect("decoder"));
    let mut played = [(); 3].map(|()| Vec::new());
    let mut losses = 0;
    for (index, packet) in encoded.iter().enumerate() {
        // Between syllables the encoder leaves FEC out; nothing is to be compared there.
        let has_fec = |next: &bytes::Bytes| packet_has_fec(next);
        let lost = index % 5 == 4 && encoded.get(index + 1).is_some_and(has_fec);
        losses += usize::from(lost);
        for (way, (decoder, played)) in decoders.iter_mut().zip(&mut played).enumerate() {
            let mut out = [0.0; 960];
            match (lost, way) {
                (true, 1) => {
                    decoder
                        .decode_fec(&encoded[index + 1], &mut out)
                        .expect("FEC");
                }
                (true, 2) => decoder.conceal(&mut out).expect("concealment"),
                (_, _) => {
                    decoder.decode(packet, &mut out).expect("decodes");
                }
            }
            played.extend(out);
        }
    }
    assert!(losses > 20, "{losses} losses");
    let [whole, fec, concealed] = played;
    let (fec, concealed) = (snr_db(&whole, &fec), snr_db(&whole, &concealed));
    println!("20 % loss against none: FEC {fec:.1} dB, concealment {concealed:.1} dB");
    assert!(
        fec > concealed + 1.0,
        "FEC {fec:.1} dB, concealment {concealed:.1} dB"
    );
}

#[test]
fn random_loss_is_mostly_taken_from_fec() {
    let mut dice = Dice::new(3);
    let all = packets(1_000, 20);
    let kept: Vec<_> = all.into_iter().filter(|_| dice.roll(5) != 0).collect();
    let lost = 1_000 - kept.len();
    let mut playout = Playout::new();
    playout.run(kept, at(1_000));
    let stats = playout.buffer.stats();
    let ratio = stats.concealed_ratio();
    println!(
        "{lost} of 1000 lost: {:.1} % concealed, {:?}",
        ratio * 100.0,
        stats
    );
    assert!(stats.fec_samples > lost as u64 * 960 / 2, "{stats:?}");
    assert!(ratio < 0.08, "{ratio}");
    assert!(level_db(&playout.samples[48_000..]) > -25.0);
}

#[test]
fn without_fec_everything_lost_is_concealed() {
    let mut dice = Dice::new(3);
    let all = packets(1_000, 0);
    let kept: Vec<_> = all.into_iter().filter(|_| dice.roll(5) != 0).collect();
    let lost = 1_000 - kept.len();
    let mut playout = Playout::new();
    playout.run(kept, at(1_000));
    let stats = playout.buffer.stats();
    assert_eq!(stats.fec_samples, 0);
    let concealed = stats.concealed_samples as i64;
    assert!(
        (concealed - lost as i64 * 960).abs() < 20 * 960,
        "{lost} lost, {stats:?}"
    );
}

#[test]
fn a_clean_path_conceals_nothing_and_sounds_right() {
    let mut playout = Playout::new();
    playout.run(packets(500, 5), at(499));
    let stats = playout.buffer.stats();
    println!("clean path: {stats:?}");
    assert_eq!(stats.concealed_samples, 0);
    assert!(stats.mean_delay_us <= 40_000, "{stats:?}");
    let level = stats.level_dbfs.expect("sound");
    assert!((-25.0..-5.0).contains(&level), "{level}");
}
