//! What we say to PipeWire about pictures, in its own notation (SPA POD).

use std::io::Cursor;

use pipewire::spa::param::ParamType;
use pipewire::spa::param::format::{FormatProperties, MediaSubtype, MediaType};
use pipewire::spa::param::video::VideoFormat;
use pipewire::spa::pod::serialize::PodSerializer;
use pipewire::spa::pod::{ChoiceValue, Object, Pod, Property, Value, object, property};
use pipewire::spa::sys;
use pipewire::spa::utils::{Choice, ChoiceEnum, ChoiceFlags, Fraction, Id, Rectangle, SpaTypes};

use crate::CastError;
use crate::picture::Order;

/// The longest side of a picture in pixels; no screen comes near it.
pub(crate) const MAX_SIDE: u32 = 16_384;

/// The formats that we take, the best first, and how their bytes lie.
const FORMATS: [(VideoFormat, Order); 4] = [
    (VideoFormat::BGRx, Order::Bgrx),
    (VideoFormat::BGRA, Order::Bgrx),
    (VideoFormat::RGBx, Order::Rgbx),
    (VideoFormat::RGBA, Order::Rgbx),
];

/// One parameter, ready to be sent.
#[derive(Debug)]
pub(crate) struct Param(Vec<u8>);

impl Param {
    fn new(object: Object) -> Result<Self, CastError> {
        let (bytes, _) = PodSerializer::serialize(Cursor::new(Vec::new()), &Value::Object(object))
            .map_err(|error| CastError::PipeWire(error.to_string()))?;
        Ok(Self(bytes.into_inner()))
    }

    pub(crate) fn pod(&self) -> Result<&Pod, CastError> {
        Pod::from_bytes(&self.0)
            .ok_or_else(|| CastError::PipeWire("a parameter is too short".into()))
    }
}

/// How the bytes of a format lie; none if it is not one of ours.
pub(crate) fn order(format: VideoFormat) -> Option<Order> {
    let known = FORMATS.iter().find(|(known, _)| *known == format);
    known.map(|(_, order)| *order)
}

/// The pictures that we take: no modifier, so the memory is shared memory and no graphics card's.
pub(crate) fn format(pictures_per_second: u32) -> Result<Param, CastError> {
    let side = |side| Rectangle {
        width: side,
        height: side,
    };
    let rate = |num| Fraction { num, denom: 1 };
    let ids = FORMATS.map(|(format, _)| Id(format.as_raw()));
    let formats = ChoiceEnum::Enum {
        default: ids[0],
        alternatives: ids.to_vec(),
    };
    let formats = Value::Choice(ChoiceValue::Id(Choice(ChoiceFlags::empty(), formats)));
    let most = pictures_per_second.max(1);
    Param::new(object!(
        SpaTypes::ObjectParamFormat,
        ParamType::EnumFormat,
        property!(FormatProperties::MediaType, Id, MediaType::Video),
        property!(FormatProperties::MediaSubtype, Id, MediaSubtype::Raw),
        property!(FormatProperties::VideoFormat, formats),
        property!(
            FormatProperties::VideoSize,
            Choice,
            Range,
            Rectangle,
            side(1024),
            side(1),
            side(MAX_SIDE)
        ),
        // 0: whenever something changes.
        property!(
            FormatProperties::VideoFramerate,
            Choice,
            Range,
            Fraction,
            rate(0),
            rate(0),
            rate(1000)
        ),
        property!(
            FormatProperties::VideoMaxFramerate,
            Choice,
            Range,
            Fraction,
            rate(most),
            rate(1),
            rate(most)
        ),
    ))
}

/// Buffers in memory that this process can read.
pub(crate) fn buffers() -> Result<Param, CastError> {
    let kinds = (1 << sys::SPA_DATA_MemFd) | (1 << sys::SPA_DATA_MemPtr);
    let kinds = ChoiceEnum::Flags {
        default: kinds,
        flags: Vec::new(),
    };
    let kinds = Value::Choice(ChoiceValue::Int(Choice(ChoiceFlags::empty(), kinds)));
    Param::new(Object {
        type_: SpaTypes::ObjectParamBuffers.as_raw(),
        id: ParamType::Buffers.as_raw(),
        properties: vec![Property::new(sys::SPA_PARAM_BUFFERS_dataType, kinds)],
    })
}

/// The part of a buffer that is the window, where the buffer is larger.
pub(crate) fn crop() -> Result<Param, CastError> {
    let size = i32::try_from(size_of::<sys::spa_meta_region>()).unwrap_or(0);
    Param::new(Object {
        type_: SpaTypes::ObjectParamMeta.as_raw(),
        id: ParamType::Meta.as_raw(),
        properties: vec![
            Property::new(
                sys::SPA_PARAM_META_type,
                Value::Id(Id(sys::SPA_META_VideoCrop)),
            ),
            Property::new(sys::SPA_PARAM_META_size, Value::Int(size)),
        ],
    })
}
