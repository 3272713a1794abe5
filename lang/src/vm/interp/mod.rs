//! The interpreter: one handler for each bytecode operation.
//!
//! Read [`dispatch`] first, which says how handlers are called and lead to each other; then [`calls`] with
//! [`frame`](super::frame). The others hold the operations by theme: [`data`], [`arith`], [`bits`], [`compare`], [`tables`], [`loops`].
//! [`meta`] calls metamethods for instructions, [`throw`] unwinds, [`instrument`] lets the recorder and hooks watch.
#![allow(unsafe_code)]

pub mod arith;
pub mod bits;
pub mod calls;
pub mod compare;
pub mod data;
pub mod dispatch;
pub mod instrument;
pub mod loops;
pub mod meta;
pub mod tables;
pub mod throw;
pub mod truncate;

use dispatch::Table;

/// Names the handler of each operation. It has an arm for every one of them and no catch-all, so that the table below cannot miss one.
macro_rules! handler_of {
    (MOVE) => {
        data::mov
    };
    (KPRI) => {
        data::kpri
    };
    (KNIL) => {
        data::knil
    };
    (KSHORT) => {
        data::kshort
    };
    (KCONST) => {
        data::kconst
    };
    (NOT) => {
        arith::not
    };
    (NEG) => {
        arith::neg
    };
    (LEN) => {
        arith::len
    };
    (ADDRR) => {
        arith::addrr
    };
    (SUBRR) => {
        arith::subrr
    };
    (MULRR) => {
        arith::mulrr
    };
    (DIVRR) => {
        arith::divrr
    };
    (MODRR) => {
        arith::modrr
    };
    (POWRR) => {
        arith::powrr
    };
    (ADDRK) => {
        arith::addrk
    };
    (SUBRK) => {
        arith::subrk
    };
    (MULRK) => {
        arith::mulrk
    };
    (DIVRK) => {
        arith::divrk
    };
    (MODRK) => {
        arith::modrk
    };
    (ADDKR) => {
        arith::addkr
    };
    (SUBKR) => {
        arith::subkr
    };
    (MULKR) => {
        arith::mulkr
    };
    (DIVKR) => {
        arith::divkr
    };
    (MODKR) => {
        arith::modkr
    };
    (BNOT) => {
        bits::bnot
    };
    (BANDRR) => {
        bits::bandrr
    };
    (BORRR) => {
        bits::borrr
    };
    (BXORRR) => {
        bits::bxorrr
    };
    (SHLRR) => {
        bits::shlrr
    };
    (SHRRR) => {
        bits::shrrr
    };
    (SARRR) => {
        bits::sarrr
    };
    (CONCAT) => {
        arith::concat
    };
    (EQRR) => {
        compare::eqrr
    };
    (NERR) => {
        compare::nerr
    };
    (EQRK) => {
        compare::eqrk
    };
    (NERK) => {
        compare::nerk
    };
    (EQRP) => {
        compare::eqrp
    };
    (NERP) => {
        compare::nerp
    };
    (LTRR) => {
        compare::ltrr
    };
    (NLTRR) => {
        compare::nltrr
    };
    (LERR) => {
        compare::lerr
    };
    (NLERR) => {
        compare::nlerr
    };
    (LTRK) => {
        compare::ltrk
    };
    (NLTRK) => {
        compare::nltrk
    };
    (LERK) => {
        compare::lerk
    };
    (NLERK) => {
        compare::nlerk
    };
    (LTKR) => {
        compare::ltkr
    };
    (NLTKR) => {
        compare::nltkr
    };
    (LEKR) => {
        compare::lekr
    };
    (NLEKR) => {
        compare::nlekr
    };
    (IST) => {
        compare::ist
    };
    (ISF) => {
        compare::isf
    };
    (ISTC) => {
        compare::istc
    };
    (ISFC) => {
        compare::isfc
    };
    (GETUPVAL) => {
        data::getupval
    };
    (SETUPVAL) => {
        data::setupval
    };
    (SETUPVALK) => {
        data::setupvalk
    };
    (SETUPVALP) => {
        data::setupvalp
    };
    (CLOSE) => {
        data::close
    };
    (CLOSURE) => {
        data::closure
    };
    (NEWTABLE) => {
        tables::newtable
    };
    (DUPTABLE) => {
        tables::duptable
    };
    (NEWOBJECT) => {
        tables::newobject
    };
    (SETLIST) => {
        tables::setlist
    };
    (SETLISTM) => {
        tables::setlistm
    };
    (GETGLOBAL) => {
        tables::getglobal
    };
    (SETGLOBAL) => {
        tables::setglobal
    };
    (GETFIELD) => {
        tables::getfield
    };
    (SETFIELD) => {
        tables::setfield
    };
    (GETMETHOD) => {
        tables::getmethod
    };
    (GETINDEX) => {
        tables::getindex
    };
    (SETINDEX) => {
        tables::setindex
    };
    (GETINDEXI) => {
        tables::getindexi
    };
    (SETINDEXI) => {
        tables::setindexi
    };
    (CALL) => {
        calls::call
    };
    (CALLM) => {
        calls::callm
    };
    (TAILCALL) => {
        calls::tailcall
    };
    (TAILCALLM) => {
        calls::tailcallm
    };
    (RETURN) => {
        calls::ret
    };
    (RETURNM) => {
        calls::retm
    };
    (RETURN0) => {
        calls::return0
    };
    (RETURN1) => {
        calls::return1
    };
    (VARARG) => {
        calls::vararg
    };
    (JUMP) => {
        loops::jump
    };
    (FORPREP) => {
        loops::forprep
    };
    (FORLOOP) => {
        loops::forloop
    };
    (FORLOOPI) => {
        loops::forloopi
    };
    (FORLOOPJ) => {
        loops::run_trace
    };
    (ITERPREP) => {
        loops::iterprep
    };
    (ITERCALL) => {
        loops::itercall
    };
    (ITERLOOP) => {
        loops::iterloop
    };
    (ITERLOOPI) => {
        loops::iterloopi
    };
    (ITERLOOPJ) => {
        loops::run_trace
    };
    (LOOP) => {
        loops::loop_
    };
    (LOOPI) => {
        loops::loopi
    };
    (LOOPJ) => {
        loops::run_trace
    };
    (FUNC) => {
        calls::func
    };
    (FUNCI) => {
        calls::funci
    };
    (FUNCJ) => {
        calls::funcj
    };
    (FUNCV) => {
        calls::funcv
    };
    (NATIVE) => {
        calls::native
    };
    (HALT) => {
        calls::halt
    };
}

macro_rules! plain_table {
    ($($name:ident, $a:ident, $fmt:ident($($m:ident),+), [$($w:ident),*], $doc:literal;)*) => {
        /// The handlers that run when nothing watches.
        pub static PLAIN_TABLE: Table = [$(handler_of!($name)),*];
    };
}
crate::for_each_op!(plain_table);
