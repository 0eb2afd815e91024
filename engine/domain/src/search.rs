//! Search in the catalogue: the words of a question in the words of a product, in any order,
//! however they are written.
//!
//! Texts are compared as Unicode has it for search: compatibility forms are one (NFKC, Unicode
//! Standard Annex 15), and so are capital and small letters. A number and its unit are words of
//! their own, so that `5kg` and `5 kg` are the same.

use crate::text::is_invisible;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters from which on a word may be one typo away from another.
const TYPO_CHARS_MIN: usize = 4;

/// A kind of character; a word is made of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Digit,
    Between,
}

/// Returns the words of some texts, each with a blank on both sides.
pub(crate) fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> Box<str> {
    let mut words = String::from(" ");
    for text in texts {
        let mut last = Kind::Between;
        for c in text.nfkc().flat_map(char::to_lowercase).nfkc().filter(|c| !is_invisible(*c)) {
            let kind = match c {
                c if is_combining_mark(c) && last != Kind::Between => last,
                c if c.is_numeric() => Kind::Digit,
                c if c.is_alphabetic() || is_combining_mark(c) => Kind::Letter,
                _ => Kind::Between,
            };
            if kind != last && last != Kind::Between {
                words.push(' ');
            }
            if kind != Kind::Between {
                words.push(c);
            }
            last = kind;
        }
        if last != Kind::Between {
            words.push(' ');
        }
    }
    words.into()
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    text: Box<str>,
    asked: Vec<Asked>,
}

/// A word of a question, as it is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    /// A number stands between its blanks, so it is found as it is; a word as a part of one.
    part: Box<str>,
    /// `None` for a word that is not forgiven a typo.
    traces: Option<[Box<str>; 3]>,
}

impl Asked {
    fn new(word: &str) -> Self {
        let is_number = word.starts_with(char::is_numeric);
        let part = if is_number { format!(" {word} ") } else { word.to_owned() };
        Self { part: part.into(), traces: may_be_mistyped(word).then(|| traces(word)) }
    }

    /// Returns the word itself: a part that is one word has no blanks of its own.
    fn word(&self) -> &str {
        self.part.trim()
    }

    fn is_in(&self, words: &str) -> bool {
        words.contains(&*self.part)
    }

    fn is_nearly_in(&self, words: &str) -> bool {
        // Looking for the traces is cheap, and most products have none of them.
        let may_be = |traces: &[Box<str>; 3]| traces.iter().any(|trace| words.contains(&**trace));
        self.is_in(words)
            || self.traces.as_ref().is_some_and(may_be)
                && words.split_ascii_whitespace().any(|known| is_one_typo(self.word(), known))
    }
}

/// Returns texts of which one is wherever a word is that is one typo away. A typo is in one half of
/// the word, so the other half begins or ends the word; or it exchanges the two letters in between.
fn traces(word: &str) -> [Box<str>; 3] {
    let letters: Vec<char> = word.chars().collect();
    let (left, right) = letters.split_at(letters.len() / 2);
    let mut exchanged = letters.clone();
    exchanged.swap(left.len() - 1, left.len());
    let text = |letters: &[char]| letters.iter().collect::<String>();
    [
        format!(" {}", text(left)).into(),
        format!("{} ", text(right)).into(),
        format!(" {} ", text(&exchanged)).into(),
    ]
}

impl Question {
    /// Returns the question of a text; one without words is answered by everything.
    pub fn new(text: &str) -> Self {
        let text = words([text]);
        Self { asked: text.split_ascii_whitespace().map(Asked::new).collect(), text }
    }

    /// Returns the words of the question: the same for all texts that ask the same.
    pub fn as_str(&self) -> &str {
        self.text.trim()
    }

    /// Returns true if each word of the question is in the words of a product: a number as it is, a
    /// word as a part of one.
    pub(crate) fn is_in(&self, words: &str) -> bool {
        self.asked.iter().all(|asked| asked.is_in(words))
    }

    /// Returns true if each word of the question is, but for one typo, in the words of a product.
    pub(crate) fn is_nearly_in(&self, words: &str) -> bool {
        self.asked.iter().all(|asked| asked.is_nearly_in(words))
    }
}

/// Returns true for a word that is long enough to be known in spite of a typo; a number never is.
fn may_be_mistyped(word: &str) -> bool {
    !word.contains(char::is_numeric) && word.chars().count() >= TYPO_CHARS_MIN
}

/// Returns true if a letter that is missing, too many, another one, or exchanged with its neighbour
/// is all that two words differ by. The letters that they share at both ends say so.
fn is_one_typo(one: &str, other: &str) -> bool {
    let front = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let back = one.chars().rev().zip(other.chars().rev()).take_while(|(a, b)| a == b).count();
    let lengths = (one.chars().count(), other.chars().count());
    let between = lengths.0.max(lengths.1).saturating_sub(front + back);
    let is_exchanged = || {
        let [one, other] = [one, other].map(|word| {
            let mut rest = word.chars().skip(front);
            (rest.next(), rest.next())
        });
        lengths.0 == lengths.1 && between == 2 && one == (other.1, other.0)
    };
    let is_one_apart = between <= 1 || is_exchanged();
    is_one_apart && lengths.0.abs_diff(lengths.1) <= 1 && may_be_mistyped(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(question: &str, product: &[&str]) -> (bool, bool) {
        let (question, words) = (Question::new(question), words(product.iter().copied()));
        (question.is_in(&words), question.is_nearly_in(&words))
    }

    #[test]
    fn words_are_found_in_any_order_and_a_number_joined_or_apart() {
        let atta = ["Aashirvaad Select ATTA", "Aashirvaad", "5 kg", "ATTA-5"];
        for question in ["atta", "ATTA 5kg", "5 kg atta", "kg atta", "Aashir", "ｋｇ ＡＴＴＡ", ""]
        {
            assert_eq!(found(question, &atta), (true, true), "{question}");
        }
        for question in ["atta 10kg", "atta 50 kg", "rice", "atta rice"] {
            assert_eq!(found(question, &atta), (false, false), "{question}");
        }
        assert!(found("5kg", &["Atta 5kg"]).0 && found("500 ml", &["Milk 500ml"]).0);
    }

    #[test]
    fn composed_and_decomposed_letters_are_the_same() {
        assert!(found("caf\u{e9}", &["Cafe\u{301} Mocha"]).0);
        assert!(found("\u{958}लम", &["क\u{93C}लम"]).0 && found("क\u{93C}लम", &["\u{958}लम"]).0);
        assert!(found("दूध", &["अमूल दूध"]).0, "marks are parts of a word");
        assert_eq!(&*words(["क्\u{200D}षीर"]), " क्षीर ");
    }

    proptest::proptest! {
        // The oracle is the table of the optimal string alignment distance, which takes memory.
        #[test]
        fn one_typo_is_a_distance_of_one(one in "[aद]{4,6}", other in "[aद]{4,6}") {
            let is_near = strsim::osa_distance(&one, &other) <= 1;
            proptest::prop_assert_eq!(is_one_typo(&one, &other), is_near);
            // So is what is found by the traces of the word.
            let found = Asked::new(&one).is_nearly_in(&words([&*other]));
            proptest::prop_assert_eq!(found, is_near || other.contains(&one));
        }
    }

    #[test]
    fn one_typo_in_a_word_is_forgiven_and_two_are_not() {
        let oil = ["Fortune Sunflower Oil", "1 l"];
        for question in ["sunflowr", "sunnflower", "sunflowar", "snuflower oil", "fortune sunflowr"]
        {
            assert_eq!(found(question, &oil), (false, true), "{question}");
        }
        for question in ["sunflwr", "oli", "fortune sunflowr 2"] {
            assert_eq!(found(question, &oil), (false, false), "{question}");
        }
    }
}
