// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/ip.h"

#include <arpa/inet.h>

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <vector>

#include "gateway/base/random.h"
#include "gateway/base/text.h"

using namespace gatehouse;

BOOST_AUTO_TEST_SUITE(ip)

BOOST_AUTO_TEST_CASE(ip4_addresses_are_read_and_written) {
    const std::vector<std::pair<std::string, std::uint32_t>> cases{
        {"0.0.0.0", 0x00000000U},      {"255.255.255.255", 0xffffffffU},
        {"192.168.1.1", 0xc0a80101U},  {"1.2.3.4", 0x01020304U},
        {"100.64.0.10", 0x6440000aU},  {"10.0.0.200", 0x0a0000c8U},
        {"203.0.113.99", 0xcb007163U},
    };
    for (const auto& [text, value] : cases) {
        const auto address = parse_ip4(text);
        BOOST_REQUIRE_MESSAGE(address, text);
        BOOST_TEST(address->value == value, text);
        BOOST_TEST(address->to_string() == text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_ip4_address_is_refused) {
    const std::vector<std::string> cases{
        "",         ".",         "...",        "1",          "1.2.3",      "1.2.3.4.5",
        "1.2.3.",   ".1.2.3",    "1..2.3",     "256.1.1.1",  "1.2.3.256",  "1.2.3.999999999999",
        "01.2.3.4", "1.2.3.00",  "1.2.3.010",  "0x1.2.3.4",  "1.2.3.4 ",   " 1.2.3.4",
        "1.2.3.-4", "1.2.3.+4",  "1.2.3.4/24", "1.2.3.4:80", "a.b.c.d",    "1,2,3,4",
        "16909060", "1.2.3.4\n", "1.2.3.4.",   "localhost",  "1.2.3.4%lo", "::1.2.3.4",
    };
    for (const auto& text : cases)
        BOOST_TEST(!parse_ip4(text), text);
    BOOST_TEST(!parse_ip4(std::string("1.2.3.4\0", 8)));
}

BOOST_AUTO_TEST_CASE(ip6_addresses_are_written_as_rfc5952_says) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"::", "::"},
        {"::1", "::1"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"1:0:0:0:0:0:0:0", "1::"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},  // 4.1 no leading zeros
        {"2001:DB8:A:B:C:D:E:F", "2001:db8:a:b:c:d:e:f"},            // 4.3 lower case
        {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},                   // 4.2.1 as much as possible
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},            // 4.2.2 not one group
        {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},             // the same
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},                     // 4.2.3 the longest
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},               // 4.2.3 the first of equals
        {"0:0:1:0:0:0:0:0", "0:0:1::"},
        {"0:0:0:1:0:0:0:0", "0:0:0:1::"},
        {"0:0:0:0:1:0:0:0", "::1:0:0:0"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
        {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
        {"fe80::", "fe80::"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},  // 5 known prefix
        {"::ffff:c000:201", "::ffff:192.0.2.1"},
        {"::ffff:0:0", "::ffff:0.0.0.0"},
        {"::192.0.2.1", "::c000:201"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"1::5:6:1.2.3.4", "1::5:6:102:304"},
    };
    for (const auto& [text, canonical] : cases) {
        const auto address = parse_ip6(text);
        BOOST_REQUIRE_MESSAGE(address, text);
        BOOST_TEST(address->to_string() == canonical, text);
        BOOST_TEST((parse_ip6(canonical) == address), text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_ip6_address_is_refused) {
    const std::vector<std::string> cases{
        "",
        ":",
        ":::",
        "::::",
        "1",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:",
        ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "1::2::3",
        "1:::2",
        "::1:",
        ":1::",
        "12345::",
        "::00001",
        "g::",
        "::-1",
        "::+1",
        "::0x1",
        ":: 1",
        " ::1",
        "::1 ",
        "::1%eth0",
        "::1/64",
        "[::1]",
        "1.2.3.4",
        "1.2.3.4::",
        "1.2.3.4::1",
        "1:1.2.3.4::",
        "::1.2.3",
        "::1.2.3.256",
        "::01.2.3.4",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:1.2.3.4",
        "1:2:3:4:5:6::1.2.3.4",
    };
    for (const auto& text : cases)
        BOOST_TEST(!parse_ip6(text), text);
}

BOOST_AUTO_TEST_CASE(ip6_reading_agrees_with_the_system) {
    // Texts made of the characters of addresses, near enough to valid ones to be valid often.
    static constexpr std::string_view kPieces[] = {":", "::",  "0",     "1",       "ffff", "a:b",
                                                   ".", "::1", "1:2:3", "1.2.3.4", "db8",  ":0:0"};
    SeededRandom random(2);
    std::size_t valid = 0;
    for (int run = 0; run < 50000; ++run) {
        std::string text;
        for (std::uint64_t i = random.between(1, 9); i > 0; --i) {
            text += kPieces[random.below(std::size(kPieces))];
        }
        in6_addr expected{};
        const bool good = inet_pton(AF_INET6, text.c_str(), &expected) == 1;
        const auto address = parse_ip6(text);
        BOOST_REQUIRE_MESSAGE(address.has_value() == good, text);
        if (!good) continue;
        ++valid;
        BOOST_REQUIRE_MESSAGE(
            std::equal(address->bytes.begin(), address->bytes.end(), std::begin(expected.s6_addr)),
            text);
    }
    BOOST_TEST(valid > 1000U);
}

BOOST_AUTO_TEST_CASE(every_ip6_address_is_read_back_from_its_text) {
    SeededRandom random(3);
    for (int run = 0; run < 20000; ++run) {
        Ip6 address{random.bytes<16>()};
        const std::uint64_t zeroed = random.next();
        for (unsigned i = 0; i < 16; ++i) {
            if (((zeroed >> (i / 2)) & 1U) != 0) address.bytes[i] = 0;
        }
        BOOST_REQUIRE(parse_ip6(address.to_string()) == address);
    }
}

BOOST_AUTO_TEST_CASE(the_ip4_address_inside_a_mapped_one_is_found) {
    BOOST_TEST(parse_ip6("::ffff:192.0.2.1")->is_v4_mapped());
    BOOST_TEST((parse_ip6("::ffff:192.0.2.1")->v4_tail() == Ip4::of(192, 0, 2, 1)));
    for (const char* text : {"::192.0.2.1", "::fffe:192.0.2.1", "1::ffff:192.0.2.1", "::"}) {
        BOOST_TEST(!parse_ip6(text)->is_v4_mapped(), text);
    }
}

BOOST_AUTO_TEST_CASE(an_address_keeps_its_family) {
    const auto v4 = parse_ip("192.0.2.1");
    const auto v6 = parse_ip("2001:db8::1");
    BOOST_REQUIRE(v4 && v6);
    BOOST_TEST(v4->is_v4());
    BOOST_TEST(!v4->is_v6());
    BOOST_TEST(v6->is_v6());
    BOOST_TEST(v4->to_string() == "192.0.2.1");
    BOOST_TEST(v6->to_string() == "2001:db8::1");
    BOOST_TEST((*v4 < *v6));
    BOOST_TEST((IpAddress(Ip4{}) != IpAddress(Ip6{})));
    BOOST_TEST(!parse_ip("router"));
}

BOOST_AUTO_TEST_CASE(reach_is_known_up_to_the_edges_of_each_range) {
    struct Case {
        const char* first;
        const char* last;
        Reach reach;
    };
    static constexpr Case kCases[] = {
        {"0.0.0.0", "0.255.255.255", Reach::none},
        {"1.0.0.0", "9.255.255.255", Reach::public_},
        {"10.0.0.0", "10.255.255.255", Reach::private_},
        {"11.0.0.0", "100.63.255.255", Reach::public_},
        {"100.64.0.0", "100.127.255.255", Reach::cgnat},
        {"100.128.0.0", "126.255.255.255", Reach::public_},
        {"127.0.0.0", "127.255.255.255", Reach::private_},
        {"128.0.0.0", "169.253.255.255", Reach::public_},
        {"169.254.0.0", "169.254.255.255", Reach::private_},
        {"169.255.0.0", "172.15.255.255", Reach::public_},
        {"172.16.0.0", "172.31.255.255", Reach::private_},
        {"172.32.0.0", "191.255.255.255", Reach::public_},
        {"192.0.0.0", "192.0.0.255", Reach::cgnat},
        {"192.0.1.0", "192.0.1.255", Reach::public_},
        {"192.0.2.0", "192.0.2.255", Reach::private_},
        {"192.0.3.0", "192.167.255.255", Reach::public_},
        {"192.168.0.0", "192.168.255.255", Reach::private_},
        {"192.169.0.0", "198.17.255.255", Reach::public_},
        {"198.18.0.0", "198.19.255.255", Reach::private_},
        {"198.20.0.0", "198.51.99.255", Reach::public_},
        {"198.51.100.0", "198.51.100.255", Reach::private_},
        {"198.51.101.0", "203.0.112.255", Reach::public_},
        {"203.0.113.0", "203.0.113.255", Reach::private_},
        {"203.0.114.0", "223.255.255.255", Reach::public_},
        {"224.0.0.0", "255.255.255.255", Reach::none},
    };
    std::uint64_t expected_first = 0;  // the table leaves no gap
    for (const auto& [first_text, last_text, reach] : kCases) {
        const auto first = parse_ip4(first_text);
        const auto last = parse_ip4(last_text);
        BOOST_REQUIRE(first && last);
        BOOST_TEST(first->value == expected_first, first_text);
        const Ip4 middle{first->value + (last->value - first->value) / 2};
        for (const Ip4 address : {*first, middle, *last}) {
            BOOST_TEST((reach_of(address) == reach), address.to_string()
                                                         << " is " << to_string(reach_of(address)));
        }
        expected_first = std::uint64_t{last->value} + 1;
    }
    BOOST_TEST(expected_first == std::uint64_t{1} << 32U);
}

BOOST_AUTO_TEST_CASE(reach_has_a_word_for_each_value) {
    BOOST_TEST(to_string(Reach::none) == "none");
    BOOST_TEST(to_string(Reach::public_) == "public");
    BOOST_TEST(to_string(Reach::private_) == "private");
    BOOST_TEST(to_string(Reach::cgnat) == "cgnat");
}

BOOST_AUTO_TEST_CASE(protocols_are_known_by_name) {
    for (const char* name : {"icmp", "tcp", "udp", "gre", "esp", "icmpv6", "sctp", "udplite"}) {
        const auto proto = parse_proto(name);
        BOOST_REQUIRE_MESSAGE(proto, name);
        BOOST_TEST(to_string(*proto) == name);
    }
    BOOST_TEST((parse_proto("udp") == Proto::udp));
    BOOST_TEST(to_string(static_cast<Proto>(2)) == "2");
    for (const char* name : {"", "UDP", "17", "udp ", "tcpp", "both"}) {
        BOOST_TEST(!parse_proto(name), name);
    }
}

BOOST_AUTO_TEST_CASE(a_port_is_1_to_65535) {
    BOOST_TEST((parse_port("1") == Port{1}));
    BOOST_TEST((parse_port("65535") == Port{65535}));
    for (const char* text : {"", "0", "65536", "99999", "-1", "+1", " 1", "1 ", "01", "0x50", "80a",
                             "4294967376", "http"}) {
        BOOST_TEST(!parse_port(text), text);
    }
}

BOOST_AUTO_TEST_CASE(a_port_range_is_inclusive_and_in_order) {
    const auto range = parse_port_range("8000-8010");
    BOOST_REQUIRE(range);
    BOOST_TEST(range->size() == 11U);
    BOOST_TEST(range->contains(Port{8000}));
    BOOST_TEST(range->contains(Port{8010}));
    BOOST_TEST(!range->contains(Port{7999}));
    BOOST_TEST(!range->contains(Port{8011}));
    BOOST_TEST(range->to_string() == "8000-8010");
    BOOST_TEST(parse_port_range("1-65535")->size() == 65535U);
    BOOST_TEST(parse_port_range("80")->size() == 1U);
    BOOST_TEST(parse_port_range("80")->to_string() == "80");
    BOOST_TEST(parse_port_range("80-80")->to_string() == "80");
    for (const char* text :
         {"", "-", "80-", "-80", "81-80", "0-80", "80-65536", "1-2-3", "1 - 2", "80,81", "80:90"}) {
        BOOST_TEST(!parse_port_range(text), text);
    }
}

BOOST_AUTO_TEST_CASE(endpoints_are_read_and_written) {
    for (const char* text : {"192.0.2.1:80", "0.0.0.0:1", "255.255.255.255:65535"}) {
        const auto endpoint = parse_endpoint4(text);
        BOOST_REQUIRE_MESSAGE(endpoint, text);
        BOOST_TEST(endpoint->to_string() == text);
        BOOST_TEST(parse_endpoint(text)->to_string() == text);
    }
    for (const char* text : {"[2001:db8::1]:80", "[::]:1", "[::ffff:192.0.2.1]:65535"}) {
        BOOST_REQUIRE_MESSAGE(parse_endpoint(text), text);
        BOOST_TEST(parse_endpoint(text)->to_string() == text);
        BOOST_TEST(!parse_endpoint4(text), text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_endpoint_is_refused) {
    for (const char* text : {"",
                             ":",
                             ":80",
                             "192.0.2.1",
                             "192.0.2.1:",
                             "192.0.2.1:0",
                             "192.0.2.1:65536",
                             "192.0.2.1:80:80",
                             "192.0.2.1 :80",
                             "host:80",
                             "[::1]",
                             "[::1]:",
                             "[::1]:0",
                             "[::1]80",
                             "[]:80",
                             "::1:80",
                             "[192.0.2.1]:80",
                             "[::1]]:80",
                             "[[::1]:80",
                             "[::1]:80]"}) {
        BOOST_TEST(!parse_endpoint(text), text);
        BOOST_TEST(!parse_endpoint4(text), text);
    }
}

BOOST_AUTO_TEST_CASE(an_ipv6_prefix_knows_its_borders) {
    struct Row {
        const char* prefix;
        std::uint8_t length;
        const char* address;
        bool inside;
    };
    const Row rows[] = {
        {"2001:db8::1", 64, "2001:db8::ffff:1", true},  // 1 last half is free
        {"2001:db8::1", 64, "2001:db8:0:1::1", false},  // 2 first bit before the border
        {"2001:db8::", 33, "2001:db8:7fff::1", true},   // 3 in the middle of a byte
        {"2001:db8::", 33, "2001:db8:8000::1", false},  // 4
        {"2001:db8::1", 128, "2001:db8::1", true},      // 5 one address
        {"2001:db8::1", 128, "2001:db8::2", false},     // 6
        {"::", 0, "ff02::1", true},                     // 7 everything
        {"fe80::1", 10, "febf::1", true},               // 8
        {"fe80::1", 10, "fec0::1", false},              // 9
    };
    for (const Row& row : rows) {
        const Prefix6 prefix{*parse_ip6(row.prefix), row.length};
        BOOST_TEST(prefix.contains(*parse_ip6(row.address)) == row.inside, prefix.to_string());
    }
    BOOST_TEST((Prefix6{*parse_ip6("2001:db8::1"), 64}.to_string() == "2001:db8::1/64"));
}

BOOST_AUTO_TEST_CASE(a_prefix_knows_its_borders) {
    struct Case {
        const char* text;
        const char* netmask;
        const char* network;
        const char* broadcast;
    };
    static constexpr Case kCases[] = {
        {"192.168.1.77/24", "255.255.255.0", "192.168.1.0", "192.168.1.255"},
        {"10.1.2.3/8", "255.0.0.0", "10.0.0.0", "10.255.255.255"},
        {"172.16.5.4/12", "255.240.0.0", "172.16.0.0", "172.31.255.255"},
        {"192.0.2.9/31", "255.255.255.254", "192.0.2.8", "192.0.2.9"},
        {"192.0.2.9/32", "255.255.255.255", "192.0.2.9", "192.0.2.9"},
        {"192.0.2.9/1", "128.0.0.0", "128.0.0.0", "255.255.255.255"},
        {"192.0.2.9/0", "0.0.0.0", "0.0.0.0", "255.255.255.255"},
    };
    for (const auto& [text, netmask, network, broadcast] : kCases) {
        const auto prefix = parse_prefix4(text);
        BOOST_REQUIRE_MESSAGE(prefix, text);
        BOOST_TEST(prefix->to_string() == text);
        BOOST_TEST(prefix->netmask().to_string() == netmask, text);
        BOOST_TEST(prefix->network().to_string() == network, text);
        BOOST_TEST(prefix->broadcast().to_string() == broadcast, text);
        BOOST_TEST(prefix->contains(prefix->network()), text);
        BOOST_TEST(prefix->contains(prefix->address), text);
        BOOST_TEST(prefix->contains(prefix->broadcast()), text);
        if (prefix->length == 0) continue;
        BOOST_TEST(!prefix->contains(Ip4{prefix->network().value - 1}), text);
        BOOST_TEST(!prefix->contains(Ip4{prefix->broadcast().value + 1}), text);
    }
    BOOST_TEST(parse_prefix4("192.0.2.9")->to_string() == "192.0.2.9/32");
    for (const char* text : {"", "/", "/24", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/024",
                             "1.2.3.4/24/8", "1.2.3/24", "1.2.3.4/255.255.255.0", "1.2.3.4 /24"}) {
        BOOST_TEST(!parse_prefix4(text), text);
    }
}

BOOST_AUTO_TEST_CASE(a_mac_address_is_read_in_both_spellings) {
    const Mac mac{{0x00, 0x11, 0x22, 0xaa, 0xbb, 0xff}};
    for (const char* text : {"00:11:22:aa:bb:ff", "00:11:22:AA:BB:FF", "00-11-22-aa-bb-ff"}) {
        BOOST_TEST((parse_mac(text) == mac), text);
    }
    BOOST_TEST(mac.to_string() == "00:11:22:aa:bb:ff");
    BOOST_TEST(Mac{}.to_string() == "00:00:00:00:00:00");
}

BOOST_AUTO_TEST_CASE(what_is_no_mac_address_is_refused) {
    for (const char* text :
         {"", "00:11:22:33:44", "00:11:22:33:44:55:66", "0:11:22:33:44:555", "001122334455",
          "00:11:22:33:44:5g", "00:11:22-33:44:55", "00 11 22 33 44 55", "  :11:22:33:44:55",
          "00:11:22:33:44:  ", "::-11-22-33-44-55", "00:11:22:33:44: 5", "00:11:22:33:44:5 ",
          ":::::::::::::::::", "-----------------", "0011.2233.4455"}) {
        BOOST_TEST(!parse_mac(text), text);
    }
}

BOOST_AUTO_TEST_CASE(addresses_have_an_order) {
    BOOST_TEST((Ip4::of(10, 0, 0, 2) < Ip4::of(10, 0, 0, 10)));
    BOOST_TEST((Port{80} < Port{443}));
    const std::set<Endpoint4> sorted{*parse_endpoint4("10.0.0.2:2"), *parse_endpoint4("10.0.0.2:1"),
                                     *parse_endpoint4("10.0.0.1:9"),
                                     *parse_endpoint4("10.0.0.2:1")};
    std::string order;
    for (const Endpoint4& endpoint : sorted)
        append(order, endpoint.to_string(), ' ');
    BOOST_TEST(order == "10.0.0.1:9 10.0.0.2:1 10.0.0.2:2 ");
}

BOOST_AUTO_TEST_CASE(an_ip4_address_on_the_wire_is_big_endian) {
    ByteWriter out;
    write_ip4(out, Ip4::of(192, 0, 2, 1));
    BOOST_TEST(to_hex(out.view()) == "c0000201");
    ByteReader in(out.view());
    BOOST_TEST((read_ip4(in) == Ip4::of(192, 0, 2, 1)));
    BOOST_TEST((read_ip4(in) == Ip4{}));
    BOOST_TEST(!in.ok());
}

BOOST_AUTO_TEST_SUITE_END()
