//! Kinds of addresses, allowances, and a second opinion by the standard library.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use ipnet::IpNet;
use proptest::prelude::*;

use super::vet;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn is_open(text: &str, allowed: &[&str]) -> bool {
    vet(address(text), &nets(allowed)).is_ok()
}

const PUBLIC: &[&str] = &[
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "64:ff9b::8.8.8.8",
    "::ffff:8.8.8.8",
];

const SHUT: &[&str] = &[
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1::1",
    "100::1",
    "5f00::1",
    "4000::1",
    "8000::1",
];

/// Ways to write an IPv4 address into an IPv6 one, with `a.b.c.d` where it goes.
const INSIDE: &[&str] = &[
    "::ffff:HIGH:LOW",
    "::HIGH:LOW",
    "::ffff:0:HIGH:LOW",
    "64:ff9b::HIGH:LOW",
    "64:ff9b:1::HIGH:LOW",
    "2002:HIGH:LOW::1",
    "2001:0:HIGH:LOW:0:0:0:0",
    "2001:0:808:808:0:0:TURNED",
    "2a00:1450::5efe:HIGH:LOW",
    "2a00:1450::200:5efe:HIGH:LOW",
];

fn inside(form: &str, v4: Ipv4Addr) -> IpAddr {
    let [a, b, c, d] = v4.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    let turned = format!("{:x}:{:x}", !high, !low);
    let text = form.replace("TURNED", &turned);
    let text = text.replace("HIGH", &format!("{high:x}"));
    address(&text.replace("LOW", &format!("{low:x}")))
}

#[test]
fn o3_the_public_internet_is_open_and_nothing_else_is() {
    for text in PUBLIC {
        assert!(is_open(text, &[]), "{text}");
    }
    for text in SHUT {
        assert!(!is_open(text, &[]), "{text}");
    }
}

#[test]
fn o3_metadata_services_are_shut_also_inside_of_a_wide_allowance() {
    for text in [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::a9fe:a9fe",
        "64:ff9b::169.254.169.254",
        "::ffff:169.254.169.254",
    ] {
        assert!(!is_open(text, &[]), "{text}");
        assert!(!is_open(text, &["0.0.0.0/0", "::/0"]), "{text}");
    }
    assert!(is_open("169.254.169.254", &["169.254.169.254/32"]));
    assert!(is_open("fd00:ec2::254", &["fd00:ec2::254/128"]));
    assert!(!is_open("169.254.169.254", &["169.254.169.254/31"]));
}

#[test]
fn o3_a_shut_ipv4_address_is_shut_in_every_ipv6_form() {
    for form in INSIDE {
        for v4 in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1"] {
            let within = inside(form, v4.parse().unwrap());
            assert!(vet(within, &[]).is_err(), "{v4} in {within}");
            // a network of the one family does not open the other
            let all_v6 = nets(&["::/0"]);
            assert!(vet(within, &all_v6).is_err(), "{v4} in {within}");
        }
    }
}

#[test]
fn o3_an_allowance_opens_what_it_names() {
    assert!(is_open("10.2.0.1", &["10.2.0.0/16"]));
    assert!(!is_open("10.3.0.1", &["10.2.0.0/16"]));
    assert!(!is_open("127.0.0.1", &["10.2.0.0/16", "::/0"]));
    assert!(is_open("fd12::5", &["fd12::/16"]));
    assert!(!is_open("fd13::5", &["fd12::/16", "0.0.0.0/0"]));
    assert!(is_open("::1", &["::1/128"]));
    // what a mapped address leads to is named by the other family
    assert!(is_open("::ffff:10.2.0.1", &["10.2.0.0/16"]));
    assert!(is_open(
        "64:ff9b:1::a02:1",
        &["64:ff9b:1::/96", "10.2.0.0/16"]
    ));
    assert!(!is_open("64:ff9b:1::a02:1", &["64:ff9b:1::/96"]));
    assert!(!is_open("64:ff9b:1::a02:1", &["10.2.0.0/16"]));
}

/// What the standard library says, where it says anything.
fn std_shuts_v4(v4: Ipv4Addr) -> bool {
    v4.is_unspecified()
        || v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
}

fn std_shuts_v6(v6: Ipv6Addr) -> bool {
    v6.is_unspecified()
        || v6.is_loopback()
        || v6.is_multicast()
        || v6.is_unique_local()
        || v6.is_unicast_link_local()
        || v6.to_ipv4().is_some_and(std_shuts_v4)
}

/// Addresses near the borders as well as anywhere.
fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    let borders = SHUT
        .iter()
        .chain(PUBLIC)
        .filter_map(|text| text.parse::<Ipv4Addr>().ok());
    let borders: Vec<_> = borders.collect();
    let near = (prop::sample::select(borders), -2_i64..=2);
    let near = near.prop_map(|(v4, by)| {
        let number = (i64::from(v4.to_bits()) + by).rem_euclid(1 << 32);
        Ipv4Addr::from_bits(u32::try_from(number).unwrap())
    });
    prop_oneof![any::<u32>().prop_map(Ipv4Addr::from_bits), near]
}

fn any_net() -> impl Strategy<Value = IpNet> {
    let v4 = (any::<u32>(), 8..=32_u8).prop_map(|(bits, length)| {
        IpNet::new(IpAddr::V4(Ipv4Addr::from_bits(bits)), length).unwrap()
    });
    let v6 = (any::<u128>(), 8..=128_u8).prop_map(|(bits, length)| {
        IpNet::new(IpAddr::V6(Ipv6Addr::from_bits(bits)), length).unwrap()
    });
    prop_oneof![v4, v6]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn o3_what_the_standard_library_shuts_is_shut_here(v4 in any_v4(), bits in any::<u128>()) {
        if std_shuts_v4(v4) {
            prop_assert!(vet(IpAddr::V4(v4), &[]).is_err());
        }
        let v6 = Ipv6Addr::from_bits(bits);
        if std_shuts_v6(v6) {
            prop_assert!(vet(IpAddr::V6(v6), &[]).is_err());
        }
    }

    #[test]
    fn o3_no_ipv6_form_opens_a_shut_ipv4_address(v4 in any_v4(), form in 0..INSIDE.len()) {
        let within = inside(INSIDE[form], v4);
        if vet(IpAddr::V4(v4), &[]).is_err() {
            prop_assert!(vet(within, &[]).is_err(), "{v4} in {within}");
        }
    }

    #[test]
    fn o3_an_allowance_changes_nothing_that_it_does_not_name(v4 in any_v4(), net in any_net()) {
        let (v4, allowed) = (IpAddr::V4(v4), [net]);
        if !net.contains(&v4) {
            prop_assert_eq!(vet(v4, &allowed), vet(v4, &[]));
        } else if net.prefix_len() < 32 {
            let metadata = vet(v4, &[IpNet::new(v4, 31).unwrap()]).is_err();
            prop_assert_eq!(vet(v4, &allowed).is_err(), metadata);
        }
    }

    #[test]
    fn o3_only_global_unicast_and_transparent_forms_are_open(bits in any::<u128>()) {
        let v6 = Ipv6Addr::from_bits(bits);
        if vet(IpAddr::V6(v6), &[]).is_ok() {
            let [first, second, ..] = v6.segments();
            let global = (0x2000..=0x3fff).contains(&first);
            let nat64 = first == 0x64 && second == 0xff9b;
            prop_assert!(global || nat64 || v6.to_ipv4_mapped().is_some());
        }
    }
}
