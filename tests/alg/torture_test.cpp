// SPDX-License-Identifier: GPL-2.0-or-later
//
// Messages after the facts of RFC 4475 and RFC 5118, in tests/alg/messages/torture.txt ("\xNN" is a
// byte, HERE an address): none is lost, and nothing in one is touched but the sender's own address.
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip::test;

namespace {

struct Case {
    std::string title;
    std::string text;
};

std::string unescaped(std::string_view line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\' && i + 3 < line.size() && line[i + 1] == 'x') {
            bool ok = false;
            const auto bytes = from_hex(line.substr(i + 2, 2), ok);
            if (ok) {
                out.push_back(static_cast<char>(bytes.at(0)));
                i += 3;
                continue;
            }
        }
        if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '\\') ++i;
        out.push_back(line[i]);
    }
    return out;
}

std::vector<Case> cases() {
    std::vector<Case> out;
    std::ifstream in(GATEHOUSE_SOURCE "/tests/alg/messages/torture.txt");
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("== ")) {
            out.push_back({line.substr(3), {}});
        } else if (!out.empty()) {
            append(out.back().text, unescaped(line), '\n');
        }
    }
    return out;
}

std::string with(std::string text, std::string_view word, std::string_view instead) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
        text.replace(at, word.size(), instead);
        at += instead.size();
    }
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(torture)

BOOST_AUTO_TEST_CASE(a_message_that_names_no_inside_address_passes_byte_for_byte) {
    BOOST_TEST(cases().size() > 49U);
    for (const Case& one : cases()) {
        for (const bool lines_with_cr : {true, false}) {
            SipHouse house;
            std::string text = with(one.text, "HERE", "192.0.2.2");
            if (lines_with_cr) text = crlf(text);
            BOOST_TEST_CONTEXT(one.title) {
                BOOST_TEST(house.out(kPhone, text) == text);
                BOOST_TEST(house.in(kPhone, text) == text);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(only_the_own_address_changes_and_the_way_back_restores_the_message) {
    for (const Case& one : cases()) {
        SipHouse house;
        const std::string text = crlf(with(one.text, "HERE", "192.168.1.20"));
        BOOST_TEST_CONTEXT(one.title) {
            const std::string after = house.out(kPhone, text);
            BOOST_TEST(with(after, "11.0.0.1", "192.168.1.20") == text);
            BOOST_TEST(house.in(kPhone, after) == text);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
