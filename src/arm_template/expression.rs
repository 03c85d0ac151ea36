//! The expression language of ARM templates (Microsoft's template-expressions page): calls,
//! members, indexes, strings and whole numbers.

use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    String(String),
    Integer(i64),
    Call { function: String, arguments: Vec<Expression> },
    Member { of: Box<Expression>, name: String },
    Index { of: Box<Expression>, index: Box<Expression> },
}

/// The expression as templates have it, with one blank behind each comma.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Call { function, arguments } => {
                let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
                write!(f, "{function}({})", arguments.join(", "))
            }
            Self::Member { of, name } => write!(f, "{of}.{name}"),
            Self::Index { of, index } => write!(f, "{of}[{index}]"),
        }
    }
}

/// A syntax error, with its distance from the beginning of the expression in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) offset: usize,
    pub(super) expected: &'static str,
}

/// Whether a string of a template is an expression: `[[` begins a plain string.
pub(super) fn is_expression(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[") && text.len() > 2
}

/// Parses the text between the brackets.
pub(super) fn parse(text: &str) -> Result<Expression, SyntaxError> {
    let mut parser = Parser { text: text.chars().collect(), at: 0, depth: 0 };
    let expression = parser.expression()?;
    parser.blanks();
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.expected("the end of the expression")),
    }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    /// Templates stay well above this depth, and the stack would hold a much deeper one.
    const DEPTH: usize = 60;

    fn expression(&mut self) -> Result<Expression, SyntaxError> {
        self.depth += 1;
        if self.depth > Self::DEPTH {
            return Err(self.expected("an expression less than 60 calls deep"));
        }
        let mut expression = self.primary()?;
        loop {
            self.blanks();
            match self.peek() {
                Some('.') => {
                    self.at += 1;
                    self.blanks();
                    // Bicep's `.?` is compiled to the function `tryGet` and does not occur here.
                    let name = self.identifier("the name of a member")?;
                    expression = Expression::Member { of: Box::new(expression), name };
                }
                Some('[') => {
                    self.at += 1;
                    let index = Box::new(self.expression()?);
                    self.take(']', "']'")?;
                    expression = Expression::Index { of: Box::new(expression), index };
                }
                _ => break,
            }
        }
        self.depth -= 1;
        Ok(expression)
    }

    fn primary(&mut self) -> Result<Expression, SyntaxError> {
        self.blanks();
        match self.peek() {
            Some('\'') => self.string(),
            Some(c) if c.is_ascii_digit() || c == '-' => self.integer(),
            _ => {
                let mut function = self.identifier("a function, a string or a number")?;
                // A template calls functions of its own as `namespace.function()`.
                while self.peek() == Some('.') {
                    self.at += 1;
                    function.push('.');
                    function.push_str(&self.identifier("the name of a function")?);
                }
                self.take('(', "'('")?;
                let mut arguments = Vec::new();
                self.blanks();
                if self.peek() == Some(')') {
                    self.at += 1;
                    return Ok(Expression::Call { function, arguments });
                }
                loop {
                    arguments.push(self.expression()?);
                    self.blanks();
                    match self.peek() {
                        Some(',') => self.at += 1,
                        Some(')') => {
                            self.at += 1;
                            return Ok(Expression::Call { function, arguments });
                        }
                        _ => return Err(self.expected("',' or ')'")),
                    }
                }
            }
        }
    }

    fn string(&mut self) -> Result<Expression, SyntaxError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match (self.peek(), self.text.get(self.at + 1)) {
                // Two quotes within a string stand for one.
                (Some('\''), Some('\'')) => {
                    text.push('\'');
                    self.at += 2;
                }
                (Some('\''), _) => {
                    self.at += 1;
                    return Ok(Expression::String(text));
                }
                (Some(c), _) => {
                    text.push(c);
                    self.at += 1;
                }
                (None, _) => return Err(self.expected("the closing quote of a string")),
            }
        }
    }

    fn integer(&mut self) -> Result<Expression, SyntaxError> {
        let start = self.at;
        self.at += 1;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.text[start..self.at].iter().collect();
        digits.parse().map(Expression::Integer).map_err(|_| self.expected("a whole number"))
    }

    fn identifier(&mut self, expected: &'static str) -> Result<String, SyntaxError> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.at += 1;
        }
        if start == self.at {
            return Err(self.expected(expected));
        }
        Ok(self.text[start..self.at].iter().collect())
    }

    fn take(&mut self, c: char, expected: &'static str) -> Result<(), SyntaxError> {
        self.blanks();
        if self.peek() != Some(c) {
            return Err(self.expected(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    const fn expected(&self, expected: &'static str) -> SyntaxError {
        SyntaxError { offset: self.at, expected }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn expressions_are_read() {
        for (text, expected) in [
            ("'it''s'", "String(\"it's\")"),
            (" -12 ", "Integer(-12)"),
            ("f()", "Call { function: \"f\", arguments: [] }"),
            (
                "variables('n')[2].port",
                "Member { of: Index { of: Call { function: \"variables\", \
                 arguments: [String(\"n\")] }, index: Integer(2) }, name: \"port\" }",
            ),
            (
                "ns.f( 1 , 'a' )",
                "Call { function: \"ns.f\", arguments: [Integer(1), String(\"a\")] }",
            ),
        ] {
            assert_eq!(format!("{:?}", parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused_where_it_breaks() {
        let deep = "f(".repeat(100);
        for (text, offset) in
            [("", 0), ("f(", 2), ("f(1", 3), ("'a", 2), ("f() g()", 4), ("f().", 4), ("f()[1", 5)]
        {
            assert_eq!(parse(text).unwrap_err().offset, offset, "{text}");
        }
        assert!(parse(&deep).is_err());
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "[a-z0-9'(),.\\[\\] -]{0,80}") {
            let _ = parse(&text);
        }
    }
}
