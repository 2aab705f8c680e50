//! The measures of `stats` as a picture, drawn in memory. The only font is a bundled one, so that
//! the picture is the same on every machine.

use std::path::Path;
use std::sync::Once;

use opusclip::Error;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;

use crate::measures::Measures;

/// Width and height of the picture in pixels.
const SIZE: (u32, u32) = (1200, 720);

/// Points of one line that a picture of this width can show; longer series are thinned.
const POINTS: usize = 2400;

/// What the suffix asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Svg,
    Png,
}

impl Format {
    /// By the suffix of `path`.
    pub(crate) fn of(path: &Path) -> Result<Format, Error> {
        let suffix = path.extension().and_then(|s| s.to_str()).unwrap_or("").to_ascii_lowercase();
        match suffix.as_str() {
            "svg" => Ok(Format::Svg),
            "png" => Ok(Format::Png),
            _ => Err(Error::unsupported(path, "plots are written as .svg or .png")),
        }
    }
}

/// Colours that people who see colours differently can tell apart (Okabe and Ito).
const LINES: [(&str, RGBColor); 4] = [
    ("mean", RGBColor(0, 114, 178)),
    ("std", RGBColor(230, 159, 0)),
    ("min", RGBColor(0, 158, 115)),
    ("max", RGBColor(204, 121, 167)),
];
const DIFF: RGBColor = RGBColor(213, 94, 0);

/// The picture as the bytes of a file.
pub(crate) fn draw(title: &str, rows: &[Measures], format: Format) -> Result<Vec<u8>, Error> {
    static FONT: Once = Once::new();
    // The default family of every text that plotters draws.
    FONT.call_once(|| {
        let _ = register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular());
    });
    match format {
        Format::Svg => {
            let mut text = String::new();
            let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            chart(&root, title, rows).and_then(|()| root.present()).map_err(|e| failed(&e))?;
            drop(root);
            Ok(text.into_bytes())
        }
        Format::Png => {
            let mut pixels = vec![0_u8; SIZE.0 as usize * SIZE.1 as usize * 3];
            let root = BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area();
            chart(&root, title, rows).and_then(|()| root.present()).map_err(|e| failed(&e))?;
            drop(root);
            let mut out = Vec::new();
            let mut encoder = png::Encoder::new(&mut out, SIZE.0, SIZE.1);
            encoder.set_color(png::ColorType::Rgb);
            encoder.write_header().and_then(|mut w| w.write_image_data(&pixels)).map_err(|e| failed(&e))?;
            Ok(out)
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::internal(format!("plot: {error}"))
}

fn chart<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    title: &str,
    rows: &[Measures],
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    root.fill(&WHITE)?;
    let title: String = title.chars().take(80).collect();
    let root = root.titled(&title, ("sans-serif", 22))?;
    let (upper, lower) = root.split_vertically(SIZE.1 * 6 / 10);
    let times = span(rows.iter().map(|m| m.time));

    let mut levels = ChartBuilder::on(&upper)
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d(times.clone(), 0.0..256.0)?;
    levels.configure_mesh().y_desc("level").light_line_style(RGBColor(240, 240, 240)).draw()?;
    let series: [fn(&Measures) -> f64; 4] = [|m| m.mean, |m| m.std, |m| m.min, |m| m.max];
    for ((name, colour), value) in LINES.into_iter().zip(series) {
        let points = thin(rows.iter().map(|m| (m.time, value(m))).collect());
        levels
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    let legend = WHITE.mix(0.85);
    levels.configure_series_labels().background_style(legend).border_style(BLACK.mix(0.3)).draw()?;

    let diffs: Vec<(f64, f64)> = rows.iter().filter_map(|m| m.diff.map(|d| (m.time, d))).collect();
    let top = diffs.iter().map(|p| p.1).filter(|d| d.is_finite()).fold(0.0, f64::max);
    let mut differences = ChartBuilder::on(&lower)
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(times, 0.0..if top > 0.0 { top * 1.05 } else { 1.0 })?;
    differences
        .configure_mesh()
        .x_desc("seconds")
        .y_desc("difference to the frame before")
        .light_line_style(RGBColor(240, 240, 240))
        .draw()?;
    differences.draw_series(LineSeries::new(thin(diffs), DIFF.stroke_width(2)))?;
    Ok(())
}

/// A range of some width around the values, also when there is one value or none.
fn span(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) = values.filter(|v| v.is_finite()).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        0.0..1.0
    } else if high - low < 1e-6 * low.abs().max(1.0) {
        low - 0.5..high + 0.5
    } else {
        low..high
    }
}

/// At most about [`POINTS`] points with the same outline: of each bucket the least and the
/// greatest value stay, in their order. Points that are not numbers go.
fn thin(mut points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    points.retain(|p| p.0.is_finite() && p.1.is_finite());
    if points.len() <= POINTS {
        return points;
    }
    let bucket = points.len().div_ceil(POINTS / 2);
    let outline = points.chunks(bucket).flat_map(|chunk| {
        let by_value = |a: &(usize, &(f64, f64)), b: &(usize, &(f64, f64))| a.1.1.total_cmp(&b.1.1);
        let low = chunk.iter().enumerate().min_by(by_value);
        let high = chunk.iter().enumerate().max_by(by_value);
        let mut both = [low, high];
        both.sort_by_key(|p| p.map(|p| p.0));
        both.into_iter().flatten().map(|(_, p)| *p)
    });
    outline.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::tests::some;

    #[test]
    fn both_formats_are_what_they_say() {
        let svg = String::from_utf8(draw("a & <b>", &some(), Format::Svg).unwrap()).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for word in ["a &amp; &lt;b&gt;", "mean", "std", "seconds", "difference to the frame before"] {
            assert!(svg.contains(word), "{word} is missing");
        }
        let png = draw("title", &some(), Format::Png).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), SIZE);
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let has = |c: RGBColor| pixels.chunks(3).any(|p| p == [c.0, c.1, c.2]);
        assert!(has(LINES[0].1) && has(DIFF) && has(WHITE), "the lines are drawn");
    }

    #[test]
    fn degenerate_series_are_drawn() {
        let one = Measures { frame: 0, time: 36_000.0, mean: f64::NAN, std: 0.0, min: 0.0, max: 0.0, diff: None };
        for rows in [vec![], vec![one], vec![one; 3]] {
            for format in [Format::Svg, Format::Png] {
                assert!(draw("", &rows, format).is_ok());
            }
        }
    }

    #[test]
    fn long_series_keep_their_outline() {
        let mut points: Vec<(f64, f64)> = (0..60_000).map(|n| (f64::from(n), 1.0)).collect();
        points[31_234].1 = 200.0;
        points[41_234].1 = -3.0;
        let thinned = thin(points);
        assert!(thinned.len() <= POINTS + 2, "{}", thinned.len());
        assert!(thinned.contains(&(31_234.0, 200.0)) && thinned.contains(&(41_234.0, -3.0)));
        assert!(thinned.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn suffix_decides() {
        assert_eq!(Format::of(Path::new("a.SVG")), Ok(Format::Svg));
        assert_eq!(Format::of(Path::new("a.png")), Ok(Format::Png));
        let error = Format::of(Path::new("a.pdf")).unwrap_err().to_string();
        assert_eq!(error, "a.pdf: plots are written as .svg or .png");
    }
}
