//! The canonical form of a JSON text: members sorted by name, no white space, one spelling of each
//! number and each string. Made while reading, without a tree of values in between.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::ops::Range;

/// Returns the canonical form of a JSON text; `None` of what is none.
pub(crate) fn of(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut reader = serde_json::Deserializer::from_slice(text);
    Value { out: &mut out }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(out)
}

/// Appends the canonical form of one value.
struct Value<'a> {
    out: &'a mut Vec<u8>,
}

impl Value<'_> {
    fn write<E: Error>(self, value: &(impl serde::Serialize + ?Sized)) -> Result<(), E> {
        serde_json::to_writer(self.out, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.write(&())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.write(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.out.push(b'[');
        let start = self.out.len();
        while items.next_element_seed(Value { out: self.out })?.is_some() {
            self.out.push(b',');
        }
        close(self.out, start, b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.out.push(b'{');
        let start = self.out.len();
        // The name of each member, and the member.
        let mut places = Vec::<(Range<usize>, Range<usize>)>::new();
        loop {
            let begin = self.out.len();
            if members.next_key_seed(Value { out: self.out })?.is_none() {
                break;
            }
            let name = begin..self.out.len();
            self.out.push(b':');
            members.next_value_seed(Value { out: self.out })?;
            self.out.push(b',');
            places.push((name, begin..self.out.len()));
        }
        if !places
            .is_sorted_by(|(one, _), (other, _)| self.out[one.clone()] <= self.out[other.clone()])
        {
            let unsorted = self.out[start..].to_vec();
            let at = |place: &Range<usize>| place.start - start..place.end - start;
            places.sort_by(|(one, _), (other, _)| unsorted[at(one)].cmp(&unsorted[at(other)]));
            self.out.truncate(start);
            for (_, member) in &places {
                self.out.extend_from_slice(&unsorted[at(member)]);
            }
        }
        close(self.out, start, b'}');
        Ok(())
    }
}

/// Puts the end of a list that began at `start` in place of the comma behind its last item.
fn close(out: &mut Vec<u8>, start: usize, end: u8) {
    if out.len() > start {
        out.pop();
    }
    out.push(end);
}
