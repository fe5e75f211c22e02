//! Reads an answer as RFC 9112 writes it, strictly: what could be read in two ways is refused.

use std::io;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;

use super::line;
use super::line::Line;
use crate::secret::Unreached;
use crate::secret::buffer::Buffer;

/// The answer to one request.
#[derive(Debug)]
pub(in crate::secret) struct Answer {
    /// Its status code.
    pub(in crate::secret) status: u16,
    headers: Vec<(String, String)>,
    /// All of its body.
    pub(in crate::secret) body: Buffer,
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Framing {
    None,
    Length(usize),
    Chunked,
    /// It ends with the connection.
    Open,
}

impl Answer {
    /// A header; none if it is not there.
    pub(in crate::secret) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// How long the server asks to wait, where it says so in seconds.
    pub(in crate::secret) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header("retry-after")?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// Reads until the answer is whole.
pub(super) fn read(line: &mut dyn Line, max: usize) -> Result<Answer, Unreached> {
    let mut text = Buffer::with_capacity(4096);
    let mut chunk = Zeroizing::new([0; 4096]);
    loop {
        let count = match line.read(&mut *chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(line::unreached(&error)),
        };
        text.push(chunk.get(..count).unwrap_or_default());
        if text.len() > max {
            return Err(Unreached::TooLarge(max));
        }
        if let Some(answer) = parse(&text, count == 0)? {
            return Ok(answer);
        }
        if count == 0 {
            return Err(Unreached::Broken);
        }
    }
}

/// The answer, if all of it is there. `ended`: there will be no more.
fn parse(text: &[u8], ended: bool) -> Result<Option<Answer>, Unreached> {
    let Some(end) = memchr::memmem::find(text, b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, rest) = text.split_at(end);
    let rest = rest.strip_prefix(b"\r\n\r\n").unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| Unreached::NotHttp)?;
    let mut lines = head.split("\r\n");
    let status = status(lines.next().unwrap_or_default()).ok_or(Unreached::NotHttp)?;
    let headers = lines.map(header).collect::<Option<Vec<_>>>();
    let headers = headers.ok_or(Unreached::NotHttp)?;
    let body = match framing(status, &headers).ok_or(Unreached::NotHttp)? {
        Framing::None => Some(Buffer::default()),
        Framing::Length(length) => rest.get(..length).map(copied),
        // Decoding starts anew each time, so it waits for what looks like the end.
        Framing::Chunked if ended || rest.ends_with(b"\r\n\r\n") => dechunk(rest)?,
        Framing::Chunked => None,
        Framing::Open => ended.then(|| copied(rest)),
    };
    Ok(body.map(|body| Answer {
        status,
        headers,
        body,
    }))
}

fn status(line: &str) -> Option<u16> {
    let rest = line
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| line.strip_prefix("HTTP/1.0 "))?;
    let (code, _) = rest.split_once(' ').unwrap_or((rest, ""));
    let three = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
    // nothing was asked for that an interim answer would come to
    code.parse()
        .ok()
        .filter(|code| three && (200..600).contains(code))
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let token = |b: u8| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&b);
    let clean = !name.is_empty() && name.bytes().all(token) && !value.contains(['\r', '\n', '\0']);
    let value = value.trim_matches([' ', '\t']);
    clean.then(|| (name.to_owned(), value.to_owned()))
}

fn framing(status: u16, headers: &[(String, String)]) -> Option<Framing> {
    let all = |name: &str| {
        let found = headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    if matches!(status, 204 | 304) {
        return Some(Framing::None);
    }
    match (
        all("transfer-encoding").as_slice(),
        all("content-length").as_slice(),
    ) {
        ([], []) => Some(Framing::Open),
        ([], [length]) if length.bytes().all(|b| b.is_ascii_digit()) => {
            length.parse().ok().map(Framing::Length)
        }
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") => Some(Framing::Chunked),
        _ => None,
    }
}

/// The body out of its chunks; none if the last is not there yet.
fn dechunk(mut rest: &[u8]) -> Result<Option<Buffer>, Unreached> {
    let mut body = Buffer::with_capacity(rest.len());
    loop {
        let Some((size, after)) = split_line(rest) else {
            return Ok(None);
        };
        let size = std::str::from_utf8(size).map_err(|_| Unreached::NotHttp)?;
        let size = size
            .split_once(';')
            .map_or(size, |(size, _)| size)
            .trim_end();
        let hex = (1..=8).contains(&size.len()) && size.bytes().all(|b| b.is_ascii_hexdigit());
        let size = usize::from_str_radix(size, 16).ok().filter(|_| hex);
        let size = size.ok_or(Unreached::NotHttp)?;
        if size == 0 {
            // Nothing that stands behind the body is of use, but it must end.
            let ends = after.starts_with(b"\r\n") || after.ends_with(b"\r\n\r\n");
            return Ok(ends.then_some(body));
        }
        let Some((chunk, next)) = after.split_at_checked(size) else {
            return Ok(None);
        };
        body.push(chunk);
        rest = match next {
            [b'\r', b'\n', rest @ ..] => rest,
            [] | [b'\r'] => return Ok(None),
            _ => return Err(Unreached::NotHttp),
        };
    }
}

fn split_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memmem::find(text, b"\r\n")?;
    let (line, rest) = text.split_at(end);
    Some((line, rest.strip_prefix(b"\r\n").unwrap_or_default()))
}

fn copied(bytes: &[u8]) -> Buffer {
    let mut buffer = Buffer::with_capacity(bytes.len());
    buffer.push(bytes);
    buffer
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str) -> Result<Option<(u16, String)>, Unreached> {
        let answer = parse(text.as_bytes(), true)?;
        let plain = |body: Buffer| String::from_utf8(body.into_bytes()).unwrap();
        Ok(answer.map(|answer| (answer.status, plain(answer.body))))
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        let said = |body: &str| Ok(Some((200, body.to_owned())));
        let head = "HTTP/1.1 200 OK\r\n";
        assert_eq!(
            whole(&format!("{head}Content-Length: 2\r\n\r\nab")),
            said("ab")
        );
        assert_eq!(whole(&format!("{head}content-length:0\r\n\r\n")), said(""));
        assert_eq!(whole(&format!("{head}\r\nab")), said("ab"));
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
        assert_eq!(
            whole(&format!(
                "{chunked}1\r\na\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"
            )),
            said("a0123456789")
        );
        assert_eq!(
            whole(&format!("{chunked}1\r\na\r\n0\r\nX: y\r\n\r\n")),
            said("a")
        );
        assert_eq!(
            whole("HTTP/1.0 204\r\n\r\n"),
            Ok(Some((204, String::new())))
        );
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        let head = "HTTP/1.1 200 OK\r\n";
        for cut in [
            "HTTP/1.1 200".to_owned(),
            format!("{head}Content-Length: 3\r\n\r\nab"),
            format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"),
            format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"),
            format!("{head}Transfer-Encoding: chunked\r\n\r\n9\r\nab\r\n\r\n"),
        ] {
            assert_eq!(whole(&cut), Ok(None), "{cut}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let head = "HTTP/1.1 200 OK\r\n";
        for bad in [
            "HTTP/2 200 OK\r\n\r\n".to_owned(),
            "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
            "HTTP/1.1 2000 OK\r\n\r\n".to_owned(),
            "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
            format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            format!("{head}Content-Length: +1\r\n\r\nab"),
            format!("{head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            format!("{head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
            format!("{head}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n"),
            format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"),
            format!("{head}X : y\r\n\r\n"),
            format!("{head} folded\r\n\r\n"),
        ] {
            assert_eq!(whole(&bad), Err(Unreached::NotHttp), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_no_prefix_of_an_answer_is_another(
            body in proptest::collection::vec(any::<u8>(), 0..40),
            cut in 0..90_usize,
        ) {
            let mut text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
            text.extend(&body);
            let prefix = text.get(..cut.min(text.len())).unwrap();
            let found = parse(prefix, false).unwrap();
            prop_assert_eq!(found.is_some(), prefix.len() == text.len());
            let mut noise = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            noise.extend(&body);
            drop(parse(&noise, true));
        }
    }
}
