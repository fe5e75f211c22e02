//! Against the published vectors, and against the definition.

use super::*;
use proptest::prelude::*;

/// RFC 6962 section 2.1, as it stands there.
fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::from_bytes(Sha256::digest([]).into()),
        [only] => leaf(*only),
        more => {
            let (left, right) = more.split_at(usize::try_from(split(more.len() as u64)).unwrap());
            join(naive(left), naive(right))
        }
    }
}

fn lines(count: u64) -> Vec<Hash> {
    (0..count)
        .map(|n| Hash::of(n.to_string().as_bytes()))
        .collect()
}

fn tree(lines: &[Hash]) -> Tree {
    let mut tree = Tree::default();
    lines.iter().for_each(|&line| tree.push(line));
    tree
}

/// As the trail does it: from the pivot on every line is shown, before it only the tree.
fn gather(mut gatherer: Gatherer, lines: &[Hash]) -> Option<Vec<Hash>> {
    let pivot = gatherer.pivot();
    let (before, after) = lines.split_at(usize::try_from(pivot).unwrap());
    gatherer.turn(&tree(before));
    for (at, &line) in after.iter().enumerate() {
        gatherer.push(pivot + at as u64, line);
    }
    gatherer.finish()
}

fn hash(hex: &str) -> Hash {
    Hash::parse(hex.as_bytes()).unwrap()
}

fn node(parts: &[&[u8]]) -> Hash {
    Hash::from_bytes(Sha256::digest(parts.concat()).into())
}

/// The eight leaves of the Certificate Transparency reference tests have other lengths than ours,
/// so here their tree is built from leaf hashes.
#[test]
fn the_roots_of_the_certificate_transparency_vectors_come_out() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Tree::default();
    assert_eq!(
        tree.root(),
        hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    for (data, root) in leaves.into_iter().zip(roots) {
        tree.push_node(node(&[&[0], data]));
        assert_eq!(tree.root(), hash(root));
    }
}

/// RFC 6962 section 2.1.3: the tree of seven leaves, by its letters.
#[test]
fn the_example_of_the_rfc_has_the_paths_that_stand_there() {
    let d = lines(7);
    let [a, b, c, e, f] = [0, 1, 2, 4, 5].map(|n| leaf(d[n]));
    let d3 = leaf(d[3]);
    let j = leaf(d[6]);
    let (g, h, i) = (join(a, b), join(c, d3), join(e, f));
    let (k, l) = (join(g, h), join(i, j));
    assert_eq!(tree(&d).root(), join(k, l));
    let path = |index| gather(Gatherer::inclusion(index, 7).unwrap(), &d).unwrap();
    assert_eq!(path(0), [b, h, l]);
    assert_eq!(path(3), [c, g, l]);
    assert_eq!(path(4), [f, j, k]);
    assert_eq!(path(6), [i, k]);
    let proof = |old| gather(Gatherer::consistency(old, 7).unwrap(), &d).unwrap();
    assert_eq!(proof(3), [c, d3, g, l]);
    assert_eq!(proof(4), [l]);
    assert_eq!(proof(6), [i, j, k]);
    assert_eq!(proof(7), []);
}

#[test]
fn every_leaf_of_every_small_tree_is_proven_and_no_other_one_is() {
    for size in 1..=33 {
        let all = lines(size);
        let root = tree(&all).root();
        assert_eq!(root, naive(&all));
        for index in 0..size {
            let proof = gather(Gatherer::inclusion(index, size).unwrap(), &all).unwrap();
            for other in 0..size + 2 {
                let line = all[usize::try_from(index).unwrap()];
                let shown = includes(line, other, size, &proof, root);
                assert_eq!(shown, other == index, "{index} of {size} as {other}");
            }
            let (longer, shorter) = ([&proof[..], &[root]].concat(), proof.split_last());
            let line = all[usize::try_from(index).unwrap()];
            assert!(!includes(line, index, size, &longer, root));
            assert!(shorter.is_none_or(|(_, less)| !includes(line, index, size, less, root)));
        }
    }
    assert!(Gatherer::inclusion(5, 5).is_none());
}

#[test]
fn every_beginning_of_every_small_tree_is_proven_and_no_other_one_is() {
    for new in 1..=33 {
        let all = lines(new);
        let root = tree(&all).root();
        for old in 1..=new {
            let before = tree(&all[..usize::try_from(old).unwrap()]).root();
            let proof = gather(Gatherer::consistency(old, new).unwrap(), &all).unwrap();
            assert!(extends((old, before), (new, root), &proof), "{old} {new}");
            assert!(!extends((old, root), (new, before), &proof) || old == new);
            for other in (0..=new + 1).filter(|other| *other != old) {
                assert!(!extends((other, before), (new, root), &proof));
            }
            let longer = [&proof[..], &[root]].concat();
            assert!(!extends((old, before), (new, root), &longer));
        }
    }
    assert!(Gatherer::consistency(6, 5).is_none());
    assert!(Gatherer::consistency(0, 5).is_none());
}

#[test]
fn a_frontier_of_another_size_is_none() {
    let tree = tree(&lines(11));
    assert_eq!(tree.frontier().len(), 3);
    let again = Tree::restore(11, tree.frontier().to_vec());
    assert_eq!(again, Some(tree.clone()));
    assert_eq!(Tree::restore(10, tree.frontier().to_vec()), None);
}

proptest! {
    #[test]
    fn a_tree_that_grew_has_the_root_of_the_definition(size in 0_u64..600, cut in 0_u64..600) {
        let all = lines(size);
        let (before, after) = all.split_at(usize::try_from(cut.min(size)).unwrap());
        let before = tree(before);
        let mut goes_on = Tree::restore(before.size(), before.frontier().to_vec()).unwrap();
        after.iter().for_each(|&line| goes_on.push(line));
        prop_assert_eq!(goes_on.root(), naive(&all));
        prop_assert_eq!(goes_on, tree(&all));
    }

    #[test]
    fn proofs_of_larger_trees_hold_and_a_changed_one_does_not(
        size in 2_u64..500, at: prop::sample::Index, changed: prop::sample::Index, flip in 1_u8..=255,
    ) {
        let all = lines(size);
        let root = tree(&all).root();
        let place = at.index(all.len());
        let index = place as u64;
        let proof = gather(Gatherer::inclusion(index, size).unwrap(), &all).unwrap();
        prop_assert!(includes(all[place], index, size, &proof, root));
        let old = (index + 1, tree(&all[..=place]).root());
        let steps = gather(Gatherer::consistency(old.0, size).unwrap(), &all).unwrap();
        prop_assert!(extends(old, (size, root), &steps));
        let bend = |hashes: &[Hash]| {
            let mut bent = hashes.to_vec();
            if !bent.is_empty() {
                let one = changed.index(bent.len());
                let mut bytes = *bent[one].bytes();
                bytes[0] ^= flip;
                bent[one] = Hash::from_bytes(bytes);
            }
            bent
        };
        prop_assert!(!includes(all[place], index, size, &bend(&proof), root));
        prop_assert!(steps.is_empty() || !extends(old, (size, root), &bend(&steps)));
    }

    #[test]
    fn no_proof_of_noise_holds_or_panics(
        index: u64, size: u64, new: u64, noise in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let noise: Vec<Hash> = noise.into_iter().map(Hash::from_bytes).collect();
        let root = Hash::of(b"root");
        prop_assert!(!includes(Hash::of(b"line"), index, size, &noise, root));
        prop_assert!(!extends((size, Hash::of(b"old")), (new, root), &noise));
    }
}
