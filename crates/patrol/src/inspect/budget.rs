//! How much may be spent on models in a day of the site, by all robots together.

use crate::history::Spent;

/// The most that may be spent in a day; nothing for no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Budget {
    pub(super) tokens: Option<u64>,
    /// In US dollars. What a model of unknown price takes does not count here.
    pub(super) cost: Option<f64>,
}

impl Budget {
    /// Reads the settings, in which 0 is no limit.
    pub(super) fn of(tokens: u64, cost: f64) -> Self {
        Self { tokens: Some(tokens).filter(|tokens| *tokens > 0), cost: Some(cost).filter(|cost| *cost > 0.0) }
    }

    /// Tells whether there is a limit at all.
    pub(super) fn is_limited(&self) -> bool {
        self.tokens.is_some() || self.cost.is_some()
    }

    /// Returns why nothing more may be asked today, if so.
    pub(super) fn exceeded(&self, spent: &Spent) -> Option<String> {
        if let Some(limit) = self.tokens.filter(|limit| spent.usage.total >= *limit) {
            return Some(format!("{} of {limit} tokens of the day's budget are spent", spent.usage.total));
        }
        let limit = self.cost.filter(|limit| spent.cost >= *limit)?;
        Some(format!("{:.2} of {limit:.2} US dollars of the day's budget are spent", spent.cost))
    }
}

#[cfg(test)]
mod tests {
    use vlm::Usage;

    use super::*;

    fn spent(total: u64, cost: f64) -> Spent {
        Spent { usage: Usage::new(total, 0, total), cost }
    }

    #[test]
    fn w40_a_budget_ends_at_its_limit_and_says_which() {
        let budget = Budget::of(1000, 2.5);
        assert_eq!(budget.exceeded(&spent(999, 2.49)), None);
        assert_eq!(
            budget.exceeded(&spent(1000, 0.0)).as_deref(),
            Some("1000 of 1000 tokens of the day's budget are spent")
        );
        assert_eq!(
            budget.exceeded(&spent(0, 2.5)).as_deref(),
            Some("2.50 of 2.50 US dollars of the day's budget are spent")
        );
    }

    #[test]
    fn zero_is_no_limit() {
        let none = Budget::of(0, 0.0);
        assert!(!none.is_limited());
        assert_eq!(none.exceeded(&spent(u64::MAX, 1e9)), None);
    }
}
