//! Bars, drawn as SVG.

use std::fmt::Write;

use super::Bar;
use super::html::escaped;

/// The bars: what was allowed below, the rest above it, names where there is room.
pub(super) fn bars(out: &mut String, about: &str, bars: &[Bar]) {
    let most = bars
        .iter()
        .map(|bar| bar.allowed + bar.other)
        .max()
        .unwrap_or_default();
    if most == 0 {
        out.push_str("<p>None.</p>\n");
        return;
    }
    let count = u32::try_from(bars.len()).unwrap_or(u32::MAX).max(1);
    let step = (WIDTH / f64::from(count)).min(48.0);
    let height = |number: u64| number_of(number) / number_of(most) * HEIGHT;
    let about = escaped(about);
    let (right, bottom) = (LEFT + step * f64::from(count), TOP + HEIGHT);
    // writing to a String cannot fail
    let _written = write!(
        out,
        "<figure><figcaption>{about}</figcaption>\n<svg viewBox=\"0 0 {:.0} {:.0}\" role=\"img\" aria-label=\"{about}\">\n\
         <text x=\"{:.0}\" y=\"{:.0}\" class=\"axis\" text-anchor=\"end\">{most}</text>\n\
         <text x=\"{:.0}\" y=\"{bottom:.0}\" class=\"axis\" text-anchor=\"end\">0</text>\n\
         <line x1=\"{LEFT}\" y1=\"{bottom}\" x2=\"{right:.1}\" y2=\"{bottom}\" class=\"axis\"/>\n",
        LEFT + WIDTH + 8.0,
        bottom + 22.0,
        LEFT - 6.0,
        TOP + 10.0,
        LEFT - 6.0,
    );
    let every = (count / 12).max(1);
    for (at, bar) in (0_u32..).zip(bars) {
        let x = LEFT + step * f64::from(at);
        let (low, high) = (height(bar.allowed), height(bar.other));
        let wide = (step - 2.0).max(1.0);
        let name = escaped(&bar.name);
        let _written = writeln!(
            out,
            "<g><title>{name}: {} allowed, {} refused or failed</title>\
             <rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{low:.1}\" class=\"allowed\"/>\
             <rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" class=\"other\"/></g>",
            bar.allowed,
            bar.other,
            bottom - low,
            bottom - low - high,
        );
        if at % every == 0 {
            let _written = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.0}\" class=\"axis\">{name}</text>",
                x,
                bottom + 16.0,
            );
        }
    }
    out.push_str("</svg></figure>\n");
}

/// For drawing only: a pixel is coarser than what is lost.
fn number_of(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

const LEFT: f64 = 56.0;
const TOP: f64 = 8.0;
const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 140.0;
