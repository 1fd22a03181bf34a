//! A serde deserializer that expands `${NAME}` in every string value on its way to the type that
//! asked for it. Working inside serde keeps what an error needs: the line and the key.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::Env;
use super::expand::expand;

/// Wraps a deserializer, a visitor, an access or a seed: each passes the wrapping on.
pub(super) struct Expanding<'e, T> {
    inner: T,
    env: &'e Env,
    /// Whether an expanded text may be a number or a truth value: `fps_target: ${FPS:-5}`.
    wants_number: bool,
}

impl<'e, T> Expanding<'e, T> {
    /// Wraps `inner`; references are looked up in `env`.
    pub(super) fn new(inner: T, env: &'e Env) -> Self {
        Self { inner, env, wants_number: false }
    }

    fn number(inner: T, env: &'e Env) -> Self {
        Self { inner, env, wants_number: true }
    }
}

/// A number is read as whatever the document holds, because `${FPS}` is a string until expanded.
macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.deserialize_any(Expanding::number(visitor, self.env))
        }
    )*};
}

macro_rules! passed_on {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* Expanding::new(visitor, self.env))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Expanding<'_, D> {
    type Error = D::Error;

    numbers! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    passed_on! {
        deserialize_any() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_option() deserialize_unit()
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_seq() deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize) deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier()
    }

    /// What is ignored is not expanded: an unset variable there harms nobody.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }
}

impl<V> Expanding<'_, V> {
    fn text<'de, E: Error>(self, text: &str, expanded: Cow<'_, str>) -> Result<V::Value, E>
    where
        V: Visitor<'de>,
    {
        let is_as_written = expanded == text;
        if self.wants_number && !is_as_written {
            let value = expanded.trim();
            if let Ok(truth) = value.parse() {
                return self.inner.visit_bool(truth);
            } else if let Ok(whole) = value.parse() {
                return self.inner.visit_u64(whole);
            } else if let Ok(whole) = value.parse() {
                return self.inner.visit_i64(whole);
            } else if let Ok(number) = value.parse() {
                return self.inner.visit_f64(number);
            }
        }
        match expanded {
            Cow::Borrowed(text) => self.inner.visit_str(text),
            Cow::Owned(text) => self.inner.visit_string(text),
        }
    }
}

macro_rules! visited {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Expanding<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(formatter)
    }

    visited! {
        visit_bool(bool) visit_i64(i64) visit_i128(i128) visit_u64(u64) visit_u128(u128)
        visit_f64(f64) visit_bytes(&[u8]) visit_byte_buf(Vec<u8>)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        let expanded = expand(text, self.env).map_err(E::custom)?;
        self.text(text, expanded)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Expanding::new(inner, self.env))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Expanding::new(inner, self.env))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Expanding::new(inner, self.env))
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Expanding::new(inner, self.env))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Expanding::new(inner, self.env))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Expanding<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Expanding::new(inner, self.env))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Expanding<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_element_seed(Expanding::new(seed, self.env))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Expanding<'_, A> {
    type Error = A::Error;

    /// Keys are names, not values: they are taken as written.
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Expanding::new(seed, self.env))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, 'e, A: EnumAccess<'de>> EnumAccess<'de> for Expanding<'e, A> {
    type Error = A::Error;
    type Variant = Expanding<'e, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.inner.variant_seed(Expanding::new(seed, self.env))?;
        Ok((value, Expanding::new(variant, self.env)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Expanding<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(Expanding::new(seed, self.env))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(len, Expanding::new(visitor, self.env))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, Expanding::new(visitor, self.env))
    }
}
