// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whole conversations, each message before and after the gateway, in tests/alg/messages/*.txt:
//   == what the message is
//   > inside remote       on its way out; "<" on its way in; then the message as it comes
//   --                    and as it leaves; "same" where it is not changed
// Lines end with LF in the files and with CRLF on the wire. With GATEHOUSE_GOLDEN=write in the
// environment the second halves are written anew. Every host has kept its mapping open before.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip::test;

namespace {

struct Step {
    std::string title;
    bool outward = true;
    Endpoint4 inside;
    Endpoint4 remote;
    std::string before;
    std::string after;
};

std::string path_of(std::string_view name) {
    return concat(GATEHOUSE_SOURCE "/tests/alg/messages/", name, ".txt");
}

std::vector<Step> read_steps(std::string_view name) {
    std::vector<Step> out;
    std::ifstream in(path_of(name));
    std::string* text = nullptr;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("== ")) {
            out.push_back({});
            out.back().title = line.substr(3);
            text = nullptr;
        } else if (!out.empty() && text == nullptr) {
            const auto words = split(line, ' ');
            BOOST_REQUIRE(words.size() == 3U);
            out.back().outward = words[0] == ">";
            out.back().inside = parse_endpoint4(words[1]).value();
            out.back().remote = parse_endpoint4(words[2]).value();
            text = &out.back().before;
        } else if (line == "--") {
            text = &out.back().after;
        } else if (text != nullptr) {
            append(*text, line, '\n');
        }
    }
    return out;
}

std::string lf(std::string_view text) {
    std::string out(text);
    std::erase(out, '\r');
    return out;
}

void check(std::string_view name) {
    SipHouse house;
    std::string written;
    const bool writes = std::getenv("GATEHOUSE_GOLDEN") != nullptr;
    const std::vector<Step> steps = read_steps(name);
    BOOST_REQUIRE(!steps.empty());
    for (const Step& step : steps)
        house.out(step.inside, "\r\n\r\n", step.remote);
    for (const Step& step : steps) {
        const std::string before = crlf(step.before);
        const std::string got = lf(step.outward ? house.out(step.inside, before, step.remote)
                                                : house.in(step.inside, before, step.remote));
        const std::string after = got == step.before ? "same\n" : got;
        BOOST_TEST_CONTEXT(step.title) {
            if (!writes) BOOST_TEST(after == step.after);
        }
        append(written, "== ", step.title, "\n", step.outward ? "> " : "< ",
               step.inside.to_string(), " ", step.remote.to_string(), "\n", step.before, "--\n",
               after);
    }
    if (writes) std::ofstream(path_of(name)) << written;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden)

BOOST_AUTO_TEST_CASE(a_registration_with_credentials_reads_as_written) {
    check("registration");
}

BOOST_AUTO_TEST_CASE(the_fifteen_messages_of_a_call_between_two_phones_read_as_written) {
    check("call_of_two_phones");
}

BOOST_AUTO_TEST_SUITE_END()
