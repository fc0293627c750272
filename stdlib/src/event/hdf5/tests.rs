use super::*;

/// A file whose outermost group has its members below a tree of so many levels, each of whose parts has the
/// one below it twice.
fn tree(levels: u8) -> Vec<u8> {
    const NODE: usize = 24 + 2 * 16 + 8;
    let [root, heap, names, table, nodes] = [96, 144, 176, 184, 192_usize];
    let mut bytes = vec![0; nodes + NODE * usize::from(levels)];
    let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
    put(0, MAGIC);
    put(13, &[8, 8]);
    put(24 + 32 + 8, &root.to_le_bytes());
    // A header of a message of 16 bytes: a table of symbols, with its tree and its heap.
    put(root, &[1, 0, 1, 0, 1, 0, 0, 0, 24, 0, 0, 0]);
    put(root + 16, &[0x11, 0, 16]);
    let top = nodes + NODE * (usize::from(levels) - 1);
    put(root + 24, &[top.to_le_bytes(), heap.to_le_bytes()].concat());
    put(heap, b"HEAP");
    put(heap + 24, &names.to_le_bytes());
    put(table, b"SNOD");
    for level in 0..levels {
        let node = nodes + NODE * usize::from(level);
        put(node, b"TREE");
        put(node + 5, &[level, 2]);
        let below = if level == 0 { table } else { node - NODE };
        put(node + 32, &below.to_le_bytes());
        put(node + 48, &below.to_le_bytes());
    }
    bytes
}

#[test]
fn trees_whose_parts_are_shared_are_not_followed_for_ever() {
    let open = |levels| {
        let bytes = tree(levels);
        let input = Input { name: "tree", bytes: &bytes };
        File::open(input).unwrap().dataset("labels").map(|_| ()).unwrap_err().to_string()
    };
    assert!(open(1).contains("a group without `labels`"), "{}", open(1));
    // Followed to its end, this one would take 2^60 steps.
    assert!(open(60).contains("more of them"), "{}", open(60));
}
