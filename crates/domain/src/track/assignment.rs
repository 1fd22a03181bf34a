//! Joins rows to columns so that the sum of the costs is the smallest possible (the Hungarian method, in O(n²m)).

/// Returns the pairs `(row, column)` with a cost below `limit` that together cost least. `cost` may be anything; a
/// pair at or above the limit is as good as no pair at all.
pub(super) fn pairs(
    rows: usize,
    columns: usize,
    limit: f64,
    cost: impl Fn(usize, usize) -> f64,
) -> Vec<(usize, usize)> {
    let capped = |row: usize, column: usize| {
        let cost = cost(row, column);
        if cost < limit { cost } else { limit }
    };
    let mut found = if rows <= columns {
        assign(rows, columns, capped)
    } else {
        let swapped = assign(columns, rows, |row, column| capped(column, row));
        swapped.into_iter().map(|(row, column)| (column, row)).collect()
    };
    found.retain(|&(row, column)| capped(row, column) < limit);
    found
}

/// Gives every row a column of its own. Needs at least as many columns as rows.
///
/// This is the form with potentials: rows are added one at a time, each by the cheapest chain of exchanges. Index 0
/// of every list stands for "none", so rows and columns count from 1.
fn assign(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<(usize, usize)> {
    let mut row_potential = vec![0.0; rows + 1];
    let mut column_potential = vec![0.0; columns + 1];
    let mut row_of = vec![0; columns + 1];
    let mut previous = vec![0; columns + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let mut column = 0;
        let mut slack = vec![f64::INFINITY; columns + 1];
        let mut is_used = vec![false; columns + 1];
        while row_of[column] != 0 {
            is_used[column] = true;
            let from = row_of[column];
            let (mut step, mut nearest) = (f64::INFINITY, 0);
            for to in (1..=columns).filter(|to| !is_used[*to]) {
                let reduced = cost(from - 1, to - 1) - row_potential[from] - column_potential[to];
                if reduced < slack[to] {
                    slack[to] = reduced;
                    previous[to] = column;
                }
                if slack[to] < step {
                    step = slack[to];
                    nearest = to;
                }
            }
            for to in 0..=columns {
                if is_used[to] {
                    row_potential[row_of[to]] += step;
                    column_potential[to] -= step;
                } else {
                    slack[to] -= step;
                }
            }
            column = nearest;
        }
        while column != 0 {
            let before = previous[column];
            row_of[column] = row_of[before];
            column = before;
        }
    }
    let joined = row_of.into_iter().enumerate().skip(1).filter(|(_, row)| *row != 0);
    joined.map(|(column, row)| (row - 1, column - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(rows: usize, columns: usize, limit: f64, costs: &[&[f64]]) -> Vec<(usize, usize)> {
        let mut found = pairs(rows, columns, limit, |row, column| costs[row][column]);
        found.sort_unstable();
        found
    }

    #[test]
    fn the_sum_counts_and_not_the_single_best_pair() {
        assert_eq!(sorted(2, 2, 10.0, &[&[1.0, 2.0], &[1.5, 9.0]]), [(0, 1), (1, 0)]);
    }

    #[test]
    fn a_good_pair_is_not_given_up_for_two_poor_ones() {
        assert_eq!(sorted(2, 2, 0.85, &[&[0.1, 0.8], &[0.8, 0.99]]), [(0, 0)]);
    }

    #[test]
    fn more_rows_than_columns_leave_the_dearest_row_alone() {
        assert_eq!(sorted(3, 1, 10.0, &[&[3.0], &[1.0], &[2.0]]), [(1, 0)]);
    }

    #[test]
    fn nothing_is_joined_to_nothing() {
        assert_eq!(pairs(0, 3, 1.0, |_, _| 0.0), []);
        assert_eq!(pairs(3, 0, 1.0, |_, _| 0.0), []);
    }

    #[test]
    fn a_cost_that_is_no_number_joins_nothing() {
        assert_eq!(pairs(1, 1, 1.0, |_, _| f64::NAN), []);
    }

    /// Tries every way to join the rows from `row` on.
    fn cheapest(costs: &[Vec<f64>], row: usize, taken: &mut Vec<bool>, limit: f64) -> f64 {
        let Some(line) = costs.get(row) else { return 0.0 };
        let mut best = limit + cheapest(costs, row + 1, taken, limit);
        for column in 0..line.len() {
            if !taken[column] {
                taken[column] = true;
                best = best.min(line[column].min(limit) + cheapest(costs, row + 1, taken, limit));
                taken[column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_way_is_cheaper(
            costs in (1..6_usize, 1..6_usize).prop_flat_map(|(rows, columns)| {
                prop::collection::vec(prop::collection::vec((0..100_u8).prop_map(f64::from), columns), rows)
            })
        ) {
            let (rows, columns, limit) = (costs.len(), costs[0].len(), 70.0);
            let found = pairs(rows, columns, limit, |row, column| costs[row][column]);
            let joined: f64 = found.iter().map(|&(row, column)| costs[row][column]).sum();
            let total = joined + limit * (rows - found.len()) as f64;
            prop_assert!((total - cheapest(&costs, 0, &mut vec![false; columns], limit)).abs() < 1e-9);
        }
    }
}
