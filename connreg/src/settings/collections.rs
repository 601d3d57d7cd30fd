//! Optional settings, lists and maps.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Formatter};
use std::hash::BuildHasher;

use super::context::Context;
use super::limits::Length;
use super::{SettingValue, Shape};
use crate::config::tree::{Node, Value};

impl<T: SettingValue> SettingValue for Option<T> {
    const SHAPE: Shape = T::SHAPE;

    const OPTIONAL: bool = true;

    fn show(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref().map(T::shown), formatter)
    }

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        match node.value {
            Value::Null => Some(None),
            _ => T::parse(node, context).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    const DEFAULT: Option<&'static str> = Some("[]");

    fn show(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.iter().map(T::shown))
            .finish()
    }

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            // One value stands for a list of one; text that had to be one line is split at commas.
            return match &node.value {
                Value::Text(text) if node.origin.is_one_line() => split(text, node, context),
                // A key whose items are all commented out.
                Value::Null => Some(Vec::new()),
                Value::Table(_) => {
                    context.wrong_kind(node, &Self::SHAPE);
                    None
                }
                _ => T::parse(node, context).map(|value| vec![value]),
            };
        };
        // All items are read, so that all their mistakes are told.
        let values: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| context.within(&format!("[{index}]"), |c| T::parse(item, c)))
            .collect();
        values.into_iter().collect()
    }
}

fn split<T: SettingValue>(text: &str, node: &Node, context: &mut Context<'_>) -> Option<Vec<T>> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let values: Vec<Option<T>> = parts
        .map(|part| {
            T::parse(
                &Node::new(Value::Text(part.into()), node.origin.clone()),
                context,
            )
        })
        .collect();
    values.into_iter().collect()
}

macro_rules! maps {
    ($($map:ident $(<$hasher:ident>)?)*) => {$(
        impl<T: SettingValue $(, $hasher: BuildHasher + Default)?> SettingValue for $map<String, T $(, $hasher)?> {
            const SHAPE: Shape = Shape::Map(&T::SHAPE);

            const DEFAULT: Option<&'static str> = Some("{}");

            fn show(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                formatter.debug_map().entries(self.iter().map(|(key, value)| (key, value.shown()))).finish()
            }

            fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
                let Some(table) = node.as_table_or_empty() else {
                    context.wrong_kind(node, &Self::SHAPE);
                    return None;
                };
                let pairs: Vec<Option<(String, T)>> = table
                    .entries
                    .iter()
                    .map(|entry| {
                        let value = context.within(&entry.key, |c| T::parse(&entry.node, c))?;
                        Some((entry.key.clone(), value))
                    })
                    .collect();
                pairs.into_iter().collect()
            }
        }

        impl<T $(, $hasher)?> Length for $map<String, T $(, $hasher)?> {
            const UNIT: &'static str = "entries";
            fn length(&self) -> Option<usize> {
                Some(self.len())
            }
        }
    )*};
}

maps! { HashMap<S> BTreeMap }
