//! A drawing as inline SVG: boxes, lines, marks and words at their places. What is drawn and what
//! it looks like are apart: classes are the style sheet's.

use askama::Template;

use super::ways::LegState;

/// A drawing. Its title and its words are what a screen reader says of it.
#[derive(Debug, Default, Template)]
#[template(path = "drawing.html")]
pub(super) struct Drawing {
    /// Tells its parts from those of other drawings of the page.
    pub(super) id: String,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) title: String,
    pub(super) description: String,
    boxes: Vec<DrawnBox>,
    lines: Vec<DrawnLine>,
    marks: Vec<DrawnMark>,
    texts: Vec<DrawnText>,
}

#[derive(Debug)]
struct DrawnBox {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    class: &'static str,
    tip: String,
}

#[derive(Debug)]
struct DrawnLine {
    x1: i32,
    y1: i32,
    x2: i32,
    y2: i32,
    class: &'static str,
}

/// What stands at the end of a line, or where it breaks.
#[derive(Debug)]
struct DrawnMark {
    path: String,
    class: &'static str,
}

#[derive(Debug)]
struct DrawnText {
    x: i32,
    y: i32,
    class: &'static str,
    text: String,
}

/// How far a line of words stands below the one above it.
pub(super) const LINE: i32 = 16;

impl Drawing {
    pub(super) fn new(id: String, title: String) -> Self {
        Self { id, title, ..Self::default() }
    }

    pub(super) fn frame(
        &mut self,
        class: &'static str,
        (x, y): (i32, i32),
        (width, height): (i32, i32),
    ) {
        self.boxes.push(DrawnBox { x, y, width, height, class, tip: String::new() });
    }

    /// A box that says what it is when it is pointed at.
    pub(super) fn told(
        &mut self,
        class: &'static str,
        (x, y): (i32, i32),
        (width, height): (i32, i32),
        tip: String,
    ) {
        self.boxes.push(DrawnBox { x, y, width, height, class, tip });
    }

    pub(super) fn text(
        &mut self,
        class: &'static str,
        (x, y): (i32, i32),
        text: impl Into<String>,
    ) {
        self.texts.push(DrawnText { x, y, class, text: text.into() });
    }

    pub(super) fn line(&mut self, class: &'static str, (x1, y1): (i32, i32), (x2, y2): (i32, i32)) {
        self.lines.push(DrawnLine { x1, y1, x2, y2, class });
    }

    /// An arrow to the right as its state is: whole, open where nothing was tried, or broken at
    /// `breaks_at`.
    pub(super) fn arrow(
        &mut self,
        state: LegState,
        y: i32,
        (from, to): (i32, i32),
        breaks_at: i32,
    ) {
        match state {
            LegState::Works | LegState::Odd => {
                self.line(state.class(), (from, y), (to - 8, y));
                self.head(state.class(), to, y);
            }
            LegState::NotTried => {
                self.line("not", (from, y), (to - 8, y));
                self.head("not", to, y);
            }
            LegState::Broken => {
                self.line("bad", (from, y), (breaks_at, y));
                if breaks_at + 12 < to {
                    self.line("lost", (breaks_at, y), (to, y));
                }
                let (x, r) = (breaks_at, 6);
                let path = format!(
                    "M{} {}L{} {}M{} {}L{} {}",
                    x - r,
                    y - r,
                    x + r,
                    y + r,
                    x - r,
                    y + r,
                    x + r,
                    y - r
                );
                self.marks.push(DrawnMark { path, class: "cross" });
            }
        }
    }

    fn head(&mut self, state: &'static str, x: i32, y: i32) {
        let path = format!("M{x} {y}L{} {}L{} {}Z", x - 10, y - 5, x - 10, y + 5);
        let class = match state {
            "ok" => "head ok",
            "odd" => "head odd",
            _ => "head not",
        };
        self.marks.push(DrawnMark { path, class });
    }
}

/// `text` in lines of at most `width` characters, broken where a name has a joint.
pub(super) fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest: Vec<char> = text.chars().collect();
    while rest.len() > width {
        let joint = rest[..width].iter().rposition(|c| matches!(c, '.' | '-' | ' ' | '/' | ','));
        let tail = rest.split_off(joint.map_or(width, |at| at + 1));
        lines.push(rest.into_iter().collect());
        rest = tail;
    }
    lines.push(rest.into_iter().collect());
    lines
}

/// `text` in at most `width` characters.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}\u{2026}", kept.trim_end())
}
