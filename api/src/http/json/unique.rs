//! JSON of any shape in which a member that stands there twice is refused: RFC 8259 §4 leaves open
//! which of the two is meant, and for a price that is a decision that nobody took.

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// A value whose objects have each member once, at every depth.
#[derive(Debug)]
pub(crate) struct Unique(pub(crate) Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Members).map(Self)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no such number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unique(value))) = members.next_entry::<String, Unique>()? {
            if object.insert(name.clone(), value).is_some() {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json::parse;
    use serde_json::json;

    #[test]
    fn a_member_that_stands_there_twice_is_refused_by_name_at_every_depth() {
        let Unique(value) = parse(br#"{"a":[1,-2,0.5,"x",null,true],"b":{"a":{}}}"#).unwrap();
        assert_eq!(value, json!({ "a": [1, -2, 0.5, "x", null, true], "b": { "a": {} } }));
        for (body, pointer) in [
            (&br#"{"price":10,"price":100}"#[..], "#/price"),
            (br#"{"hours":{"opens":"08:00","opens":"09:00"}}"#, "#/hours/opens"),
        ] {
            let problem = format!("{:?}", parse::<Unique>(body).unwrap_err());
            assert!(problem.contains("DUPLICATE_FIELD") && problem.contains(pointer), "{problem}");
        }
    }
}
