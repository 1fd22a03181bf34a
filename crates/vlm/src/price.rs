//! What tokens cost. The table that is built in can be changed and extended by the user; a model that stands in neither
//! has an unknown cost, which is not the same as none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Usage;

/// What one million tokens cost, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What goes in: texts and pictures.
    pub input: f64,
    /// What comes out, and what the model thinks.
    pub output: f64,
}

impl Price {
    /// Returns what a usage costs, in US dollars.
    pub fn cost(self, usage: Usage) -> f64 {
        (usage.input as f64 * self.input + usage.billed_output() as f64 * self.output) / 1e6
    }
}

/// The list prices that are built in; providers change theirs, the user can change these. A name that ends in `*` stands for all that begin so.
const BUILT_IN: [(&str, Price); 12] = [
    ("gemini-3-flash*", Price { input: 0.50, output: 3.00 }),
    ("gemini-3-pro*", Price { input: 2.00, output: 12.00 }),
    ("gemini-2.5-pro*", Price { input: 1.25, output: 10.00 }),
    ("gemini-2.5-flash*", Price { input: 0.30, output: 2.50 }),
    ("gemini-2.5-flash-lite*", Price { input: 0.10, output: 0.40 }),
    ("gemini-2.0-flash*", Price { input: 0.10, output: 0.40 }),
    ("gpt-4o*", Price { input: 2.50, output: 10.00 }),
    ("gpt-4o-mini*", Price { input: 0.15, output: 0.60 }),
    ("gpt-4.1*", Price { input: 2.00, output: 8.00 }),
    ("gpt-4.1-mini*", Price { input: 0.40, output: 1.60 }),
    ("gpt-4.1-nano*", Price { input: 0.10, output: 0.40 }),
    ("VILA*", Price { input: 0.0, output: 0.0 }),
];

/// Prices by model.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceTable(BTreeMap<String, Price>);

impl Default for PriceTable {
    fn default() -> Self {
        Self(BUILT_IN.into_iter().map(|(model, price)| (model.to_owned(), price)).collect())
    }
}

impl PriceTable {
    /// Returns the built-in prices with the user's own over them.
    pub fn with(own: impl IntoIterator<Item = (String, Price)>) -> Self {
        let mut table = Self::default();
        table.0.extend(own);
        table
    }

    /// Returns the price of a model: that of its own name, else that of the longest beginning.
    pub fn price(&self, model: &str) -> Option<Price> {
        let exact = self.0.get(model).copied();
        exact.or_else(|| {
            let beginnings = self.0.iter().filter_map(|(name, price)| Some((name.strip_suffix('*')?, *price)));
            let fitting = beginnings.filter(|(beginning, _)| model.starts_with(beginning));
            fitting.max_by_key(|(beginning, _)| beginning.len()).map(|(_, price)| price)
        })
    }

    /// Returns what a usage of a model costs, in US dollars; nothing if its price is not known.
    pub fn cost(&self, model: &str, usage: Usage) -> Option<f64> {
        self.price(model).map(|price| price.cost(usage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w40_thinking_is_billed_as_output_by_the_price_of_the_model() {
        let table = PriceTable::default();
        let usage = Usage::new(1_000_000, 100_000, 1_500_000);
        for (model, cents) in
            [("gemini-3-flash-preview", 200), ("gemini-2.5-flash-lite", 30), ("gemini-2.5-flash", 155)]
        {
            let cost = table.cost(model, usage).expect("is known");
            assert_eq!((cost * 100.0).round() as u32, cents, "{model}");
        }
    }

    #[test]
    fn w40_the_cost_of_an_unknown_model_is_unknown_until_the_user_says_it() {
        let usage = Usage::new(2_000_000, 0, 2_000_000);
        assert_eq!(PriceTable::default().cost("qwen2.5vl:7b", usage), None);
        let own = serde_json::from_str::<BTreeMap<String, Price>>(
            r#"{"qwen2.5vl:7b": {"input": 0.25, "output": 1}, "gemini-3-flash*": {"input": 9, "output": 9}}"#,
        );
        let table = PriceTable::with(own.expect("is a table"));
        assert_eq!(table.cost("qwen2.5vl:7b", usage), Some(0.5));
        assert_eq!(table.cost("gemini-3-flash-preview", usage), Some(18.0));
    }
}
