//! Arguments of calls, as far as they are known before the query runs.

use pgrx::pg_sys::{self, NodeTag, Oid};

use super::nodes;
use crate::pg::facts;

/// A call kept for a look at its arguments.
pub struct Call {
    /// The function.
    pub function: Oid,
    pub(super) node: *mut pg_sys::FuncExpr,
}

/// Value of an argument that is known before the query runs.
pub enum Known {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// Date or timestamp, in microseconds; an infinite one is `None`.
    Instant(Option<i64>),
    /// An interval, in microseconds, months counted as 30 days.
    Duration(i128),
    /// A `numeric`, as near as a double can be.
    Number(f64),
    /// A text, or a `citext`.
    Text(String),
}

impl Call {
    /// Value of the `n`th argument, if it can be told before the query runs. Every function in
    /// the tree must have been judged before: folding calls them.
    pub fn argument(&self, n: usize) -> Option<Known> {
        let argument = self.node_of(n)?;
        // SAFETY: a vetted expression; the result is a new tree.
        let folded = unsafe {
            // Of the planner's state, folding reads the bound parameters: there are none.
            let root: *mut pg_sys::PlannerInfo =
                pg_sys::palloc0(size_of::<pg_sys::PlannerInfo>()).cast();
            (*root).glob = pg_sys::palloc0(size_of::<pg_sys::PlannerGlobal>()).cast();
            pg_sys::estimate_expression_value(root, pg_sys::copyObjectImpl(argument.cast()).cast())
        };
        constant(folded)
    }

    /// Value of the `n`th argument, if it is written out: nothing is folded, so nothing is called.
    pub fn literal(&self, n: usize) -> Option<Known> {
        constant(self.node_of(n)?)
    }

    /// Whether the last argument is an array of arguments.
    pub fn is_variadic(&self) -> bool {
        // SAFETY: the node lives as long as the tree, which outlives the walk's result.
        unsafe { (*self.node).funcvariadic }
    }

    fn node_of(&self, n: usize) -> Option<*mut pg_sys::Node> {
        // SAFETY: the node lives as long as the tree, which outlives the walk's result.
        unsafe { nodes((*self.node).args) }.get(n).copied()
    }
}

fn constant(node: *mut pg_sys::Node) -> Option<Known> {
    // SAFETY: a valid node; the cast follows the tag.
    unsafe {
        if (*node).type_ != NodeTag::T_Const {
            return None;
        }
        known(&*node.cast::<pg_sys::Const>())
    }
}

const DAY: i64 = 86_400_000_000;

fn known(constant: &pg_sys::Const) -> Option<Known> {
    if constant.constisnull {
        return Some(Known::Null);
    }
    let value = constant.constvalue;
    let instant =
        |micros: i64| Known::Instant((micros != i64::MAX && micros != i64::MIN).then_some(micros));
    Some(match constant.consttype {
        pg_sys::INT2OID => Known::Integer(i64::from(value.value() as i16)),
        pg_sys::INT4OID => Known::Integer(i64::from(value.value() as i32)),
        pg_sys::INT8OID => Known::Integer(value.value() as i64),
        pg_sys::DATEOID => match value.value() as i32 {
            i32::MAX | i32::MIN => Known::Instant(None),
            days => Known::Instant(Some(i64::from(days).saturating_mul(DAY))),
        },
        pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID => instant(value.value() as i64),
        pg_sys::INTERVALOID => {
            // SAFETY: a non-null constant of that type points to one.
            let interval = unsafe { &*value.cast_mut_ptr::<pg_sys::Interval>() };
            let days = i128::from(interval.month) * 30 + i128::from(interval.day);
            Known::Duration(days * i128::from(DAY) + i128::from(interval.time))
        }
        pg_sys::NUMERICOID => {
            // SAFETY: a non-null numeric; never raises, out of range becomes infinite.
            let double = unsafe {
                pgrx::direct_function_call_as_datum(
                    pg_sys::numeric_float8_no_overflow,
                    &[Some(value)],
                )
            };
            Known::Number(f64::from_bits(double?.value() as u64))
        }
        of if of == pg_sys::TEXTOID || facts::is_citext(of) => {
            // SAFETY: a non-null text.
            let text = unsafe { pg_sys::text_to_cstring(value.cast_mut_ptr()) };
            // SAFETY: a new NUL-terminated string.
            let text = unsafe { std::ffi::CStr::from_ptr(text) };
            Known::Text(facts::from_server_encoding(text.to_bytes()))
        }
        _ => return None,
    })
}
