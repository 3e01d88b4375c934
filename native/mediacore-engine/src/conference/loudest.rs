//! Who of those who can be heard is mixed: all of them, or in a crowd the loudest few.

/// So many are all mixed. More at once is a crowd.
pub const ALL_UP_TO: usize = 16;

/// So many of a crowd are mixed: nobody understands more.
pub const OF_A_CROWD: usize = 8;

/// One who is mixed already stays until somebody is so much louder: otherwise two of the same level would take turns.
const STAYS_DB: f64 = 6.0;

/// Chooses, 20 ms at a time.
#[derive(Debug)]
pub struct Loudest {
    all_up_to: usize,
    of_a_crowd: usize,
    is_crowd: bool,
    // Loudness and member of those who can be heard; room for all members, so that a tick allocates nothing.
    candidates: Vec<(f64, usize)>,
}

impl Loudest {
    /// At most `count` at once; none: `ALL_UP_TO`, and `OF_A_CROWD` of more.
    pub fn new(count: Option<usize>) -> Loudest {
        let count = count.map(|count| count.clamp(1, ALL_UP_TO));
        Loudest {
            all_up_to: count.unwrap_or(ALL_UP_TO),
            of_a_crowd: count.unwrap_or(OF_A_CROWD),
            is_crowd: false,
            candidates: Vec::new(),
        }
    }

    /// There will be so many members.
    pub fn reserve(&mut self, members: usize) {
        self.candidates.clear();
        self.candidates.reserve(members);
    }

    /// Begins the next 20 ms.
    pub fn begin(&mut self) {
        self.candidates.clear();
    }

    /// `member` can be heard.
    pub fn offer(&mut self, member: usize, loudness_dbfs: f64, is_mixed: bool) {
        let bonus_db = if is_mixed { STAYS_DB } else { 0.0 };
        self.candidates.push((loudness_dbfs + bonus_db, member));
    }

    /// Who is mixed, in no order.
    pub fn choose(&mut self) -> impl Iterator<Item = usize> {
        let count = self.candidates.len();
        // Until so few are left that it makes no difference: at the border all would come and half of them go.
        self.is_crowd = count > self.all_up_to || self.is_crowd && count > self.of_a_crowd;
        let chosen = if self.is_crowd {
            self.of_a_crowd
        } else {
            count
        };
        if chosen < count {
            self.candidates
                .select_nth_unstable_by(chosen, |a, b| b.0.total_cmp(&a.0));
        }
        self.candidates[..chosen.min(count)]
            .iter()
            .map(|(_, member)| *member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(loudest: &mut Loudest, members: &[(f64, bool)]) -> Vec<usize> {
        loudest.begin();
        for (member, (loudness_dbfs, is_mixed)) in members.iter().enumerate() {
            loudest.offer(member, *loudness_dbfs, *is_mixed);
        }
        let mut chosen: Vec<usize> = loudest.choose().collect();
        chosen.sort_unstable();
        chosen
    }

    #[test]
    fn as_many_as_can_be_followed_are_all_mixed() {
        let mut loudest = Loudest::new(None);
        assert_eq!(chosen(&mut loudest, &[]), []);
        assert_eq!(chosen(&mut loudest, &[(-60.0, false); ALL_UP_TO]).len(), 16);
    }

    #[test]
    fn of_a_crowd_the_loudest_are_mixed_until_it_is_none_any_more() {
        let mut loudest = Loudest::new(None);
        let mut members: Vec<(f64, bool)> = (0..17).map(|n| (f64::from(-n), false)).collect();
        assert_eq!(
            chosen(&mut loudest, &members),
            [0, 1, 2, 3, 4, 5, 6, 7].to_vec()
        );
        members.truncate(10);
        assert_eq!(chosen(&mut loudest, &members).len(), 8, "still the crowd");
        members.truncate(8);
        assert_eq!(chosen(&mut loudest, &members).len(), 8);
        members.resize(10, (-50.0, false));
        assert_eq!(chosen(&mut loudest, &members).len(), 10);
    }

    #[test]
    fn one_who_is_mixed_stays_until_somebody_is_clearly_louder() {
        let mut loudest = Loudest::new(Some(1));
        assert_eq!(
            chosen(&mut loudest, &[(-20.0, true), (-15.0, false)]),
            [0].to_vec()
        );
        assert_eq!(
            chosen(&mut loudest, &[(-20.0, true), (-13.0, false)]),
            [1].to_vec()
        );
    }
}
