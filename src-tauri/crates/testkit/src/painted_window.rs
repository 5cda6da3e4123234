//! A window whose pixels the test decides, for whoever looks at the display.

use anyhow::{Context, Result};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeGCAux, ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux,
    PropMode, Rectangle, StackMode, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// A window. Dropping it closes it.
#[derive(Debug)]
pub struct PaintedWindow {
    connection: RustConnection,
    window: u32,
    ink: u32,
}

impl PaintedWindow {
    /// A window without a frame at this place of the display, above all others.
    pub fn bare(display: &str, place: Rectangle) -> Result<Self> {
        Self::open(display, place, None)
    }

    /// A window that the window manager lists and frames.
    pub fn titled(display: &str, place: Rectangle, title: &str) -> Result<Self> {
        Self::open(display, place, Some(title))
    }

    fn open(display: &str, place: Rectangle, title: Option<&str>) -> Result<Self> {
        let (connection, screen) = x11rb::connect(Some(display)).context("no display")?;
        let root = &connection.setup().roots[screen];
        let (window, ink) = (connection.generate_id()?, connection.generate_id()?);
        let settings = CreateWindowAux::new()
            .background_pixel(0)
            .override_redirect(u32::from(title.is_none()));
        connection.create_window(
            COPY_DEPTH_FROM_PARENT,
            window,
            root.root,
            place.x,
            place.y,
            place.width,
            place.height,
            0,
            WindowClass::INPUT_OUTPUT,
            root.root_visual,
            &settings,
        )?;
        if let Some(title) = title {
            let (name, class) = (AtomEnum::WM_NAME, AtomEnum::WM_CLASS);
            connection.change_property8(
                PropMode::REPLACE,
                window,
                name,
                AtomEnum::STRING,
                title.as_bytes(),
            )?;
            let program = b"painted\0Painted\0";
            connection.change_property8(
                PropMode::REPLACE,
                window,
                class,
                AtomEnum::STRING,
                program,
            )?;
        }
        connection.create_gc(ink, window, &CreateGCAux::new())?;
        connection.map_window(window)?;
        connection.sync()?;
        Ok(Self {
            connection,
            window,
            ink,
        })
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.window
    }

    /// Fills parts of it with a colour, `0xRRGGBB`.
    pub fn fill(&self, colour: u32, parts: &[Rectangle]) -> Result<()> {
        let ink = ChangeGCAux::new().foreground(colour);
        self.connection.change_gc(self.ink, &ink)?;
        self.connection
            .poly_fill_rectangle(self.window, self.ink, parts)?;
        self.connection.sync()?;
        Ok(())
    }

    /// Gives it another size.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = ConfigureWindowAux::new().width(width).height(height);
        self.connection.configure_window(self.window, &size)?;
        self.connection.sync()?;
        Ok(())
    }

    /// Puts it above all others.
    pub fn raise(&self) -> Result<()> {
        let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.connection.configure_window(self.window, &above)?;
        self.connection.sync()?;
        Ok(())
    }

    /// Moves the pointer to a place of the display.
    pub fn point(&self, x: i16, y: i16) -> Result<()> {
        let root = self.connection.setup().roots[0].root;
        self.connection
            .warp_pointer(x11rb::NONE, root, 0, 0, 0, 0, x, y)?;
        self.connection.sync()?;
        Ok(())
    }
}

/// A part of a window or of the display.
pub const fn rectangle(x: i16, y: i16, width: u16, height: u16) -> Rectangle {
    Rectangle {
        x,
        y,
        width,
        height,
    }
}

pub use x11rb::protocol::xproto::Rectangle as Part;
