//! Groups: from names to addresses of objects.

use super::header::messages;
use super::{Budget, Bytes, NOWHERE};
use crate::event::error::Result;

/// The kinds of messages about members.
const LINK_INFO: usize = 0x02;
const LINK: usize = 0x06;
const TABLE: usize = 0x11;

/// The bytes of an entry of a table of symbols.
const ENTRY: usize = 40;

/// The address of a member of the group at an address.
pub fn member(bytes: Bytes, group: usize, name: &str) -> Result<Option<usize>> {
    let messages = messages(bytes, group)?;
    for message in &messages {
        let found = match message.kind {
            LINK => link(bytes, message.at, name)?,
            TABLE => {
                let tree = bytes.address(message.at, "a group's tree")?;
                let heap = bytes.address(message.at + 8, "a group's heap")?;
                bytes.begins(heap, b"HEAP")?;
                let names = bytes.address(heap + 24, "a group's names")?;
                let level = bytes.byte(tree + 5, "a tree's level")?;
                tree_member(bytes, (tree, level), names, name, &mut Budget::new(bytes))?
            }
            _ => None,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    for message in messages.iter().filter(|message| message.kind == LINK_INFO) {
        // Behind version and flags, and the largest number of a link where these say that it is there.
        let numbered = bytes.byte(message.at + 1, "a group's flags")? & 1 != 0;
        let at = message.at + if numbered { 10 } else { 2 };
        if bytes.u64(at, "a group's heap")? != NOWHERE {
            let found = "one with its members in a fractal heap, which is not read";
            return Err(bytes.error(group, "a group of few members", found));
        }
    }
    Ok(None)
}

/// The address that a link has where it is of a name.
fn link(bytes: Bytes, at: usize, name: &str) -> Result<Option<usize>> {
    let flags = bytes.byte(at + 1, "a link's flags")?;
    let mut next = at + 2;
    let mut skip = |bit: u8, n: usize| {
        let start = next;
        next += if flags & bit != 0 { n } else { 0 };
        start
    };
    let kind = skip(0x08, 1);
    // The number of the link and the alphabet of its name.
    skip(0x04, 8);
    skip(0x10, 1);
    if flags & 0x08 != 0 && bytes.byte(kind, "a link's kind")? != 0 {
        return Ok(None);
    }
    let width = 1 << (flags & 3);
    let mut length = [0; 8];
    length[..width].copy_from_slice(bytes.slice(next, width, "a name's length")?);
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    let found = bytes.slice(next + width, length, "a link's name")?;
    match found == name.as_bytes() {
        true => bytes.address(next + width + length, "a link's address").map(Some),
        false => Ok(None),
    }
}

/// The address of a member below a node of a tree of names, which has so many levels below it.
fn tree_member(
    bytes: Bytes,
    (node, level): (usize, u8),
    names: usize,
    name: &str,
    budget: &mut Budget,
) -> Result<Option<usize>> {
    budget.take(bytes, node)?;
    bytes.begins(node, b"TREE")?;
    if bytes.byte(node + 5, "a tree's level")? != level {
        return Err(bytes.error(node + 5, "a level below the one above", "another"));
    }
    let n = bytes.u16(node + 6, "a tree's members")?;
    // Keys and children take turns.
    for i in 0..n {
        let child = bytes.address(node + 24 + 16 * i + 8, "a part of a tree")?;
        let found = match level.checked_sub(1) {
            Some(level) => tree_member(bytes, (child, level), names, name, budget)?,
            None => {
                budget.take(bytes, child)?;
                symbol(bytes, child, names, name)?
            }
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The address of a member in a table of symbols.
fn symbol(bytes: Bytes, table: usize, names: usize, name: &str) -> Result<Option<usize>> {
    bytes.begins(table, b"SNOD")?;
    let n = bytes.u16(table + 6, "a group's members")?;
    for entry in (0..n).map(|i| table + 8 + ENTRY * i) {
        let at = names.saturating_add(bytes.address(entry, "a name")?);
        let found = bytes.slice(at, name.len() + 1, "a name").unwrap_or_default();
        if found.strip_suffix(b"\0") == Some(name.as_bytes()) {
            return bytes.address(entry + 8, "a member's address").map(Some);
        }
    }
    Ok(None)
}
