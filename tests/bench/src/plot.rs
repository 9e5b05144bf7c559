//! A plot with two logarithmic axes, as SVG that can be read on a light and on a dark page.
//!
//! In: series of points. Out: a text. Must not know: what the numbers mean.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 130.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 56.0;

/// Of middling lightness, so that they stand out from both grounds.
const COLOURS: [&str; 6] = ["#4c8bf5", "#e2722e", "#2fa36b", "#b65fcf", "#c79a00", "#d9517c"];
const GREY: &str = "#888888";

/// Points with a name.
#[derive(Debug)]
pub(crate) struct Series {
    name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Series {
    pub(crate) fn new(name: &str) -> Series {
        Series { name: name.to_owned(), points: Vec::new() }
    }
}

/// What is drawn.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    pub(crate) across: &'static str,
    pub(crate) up: &'static str,
    pub(crate) series: Vec<Series>,
}

/// From numbers to places, by their logarithms.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn of(numbers: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Axis {
        let least = numbers.clone().fold(f64::INFINITY, f64::min).max(1e-9);
        let most = numbers.fold(0.0, f64::max);
        let (least, most) = (least.log10() - 0.08, most.max(least).log10() + 0.08);
        Axis { least, most, from, to }
    }

    fn place(&self, number: f64) -> f64 {
        let part = (number.max(1e-9).log10() - self.least) / (self.most - self.least);
        self.from + part * (self.to - self.from)
    }

    /// 1, 2 and 5 times the powers of ten that are within.
    fn marks(&self) -> Vec<f64> {
        let powers = -3..9;
        let all = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10f64.powi(power)));
        all.filter(|mark| (self.least..=self.most).contains(&mark.log10())).collect()
    }
}

fn number(mark: f64) -> String {
    if mark < 1.0 { format!("{mark:.1}") } else { format!("{mark:.0}") }
}

impl Plot {
    /// The text of the SVG.
    pub(crate) fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| series.points.iter());
        let across = Axis::of(points().map(|point| point.0), LEFT, WIDTH - RIGHT);
        let up = Axis::of(points().map(|point| point.1), HEIGHT - BOTTOM, TOP);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             role=\"img\" aria-label=\"{}\" font-family=\"sans-serif\" font-size=\"13\" \
             fill=\"{GREY}\">\n<title>{}</title>\n",
            self.title, self.title
        );
        text(&mut out, (LEFT, 24.0), "start", self.title, " font-size=\"16\"");
        self.axes(&mut out, &across, &up);
        self.lines(&mut out, &across, &up);
        out.push_str("</svg>\n");
        out
    }

    fn axes(&self, out: &mut String, across: &Axis, up: &Axis) {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for mark in across.marks() {
            let x = across.place(mark);
            line(out, (x, TOP), (x, bottom), 0.25);
            text(out, (x, bottom + 18.0), "middle", &number(mark), "");
        }
        for mark in up.marks() {
            let y = up.place(mark);
            line(out, (LEFT, y), (right, y), 0.25);
            text(out, (LEFT - 8.0, y + 4.0), "end", &number(mark), "");
        }
        line(out, (LEFT, bottom), (right, bottom), 1.0);
        line(out, (LEFT, TOP), (LEFT, bottom), 1.0);
        text(out, (f64::midpoint(LEFT, right), HEIGHT - 14.0), "middle", self.across, "");
        let middle = f64::midpoint(TOP, bottom);
        let turn = format!(" transform=\"rotate(-90 18 {middle})\"");
        text(out, (18.0, middle), "middle", self.up, &turn);
    }

    fn lines(&self, out: &mut String, across: &Axis, up: &Axis) {
        let mut taken: Vec<f64> = Vec::new();
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let places: Vec<(f64, f64)> =
                series.points.iter().map(|(x, y)| (across.place(*x), up.place(*y))).collect();
            let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let path = path.join(" ");
            let _ = writeln!(
                out,
                "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            );
            for (x, y) in &places {
                let _ = writeln!(
                    out,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"
                );
            }
            if let Some((x, y)) = places.last() {
                let mut y = y + 4.0;
                while taken.iter().any(|other| (other - y).abs() < 15.0) {
                    y += 1.0;
                }
                taken.push(y);
                let fill = format!(" fill=\"{colour}\"");
                text(out, (x + 10.0, y), "start", &series.name, &fill);
            }
        }
    }
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64), opacity: f64) {
    let _ = writeln!(
        out,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{GREY}\" \
         stroke-opacity=\"{opacity}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(out: &mut String, at: (f64, f64), anchor: &str, text: &str, more: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\"{more}>{text}</text>",
        at.0, at.1
    );
}
