// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who may look through the web listener, and parts of lists.
#include "gateway/control/web.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <limits>

#include "gateway/control/paging.h"

using namespace gatehouse;
using namespace gatehouse::control;

namespace {

const std::vector<std::string> kNames = {"router", "router.lan"};

Request looks(const std::string& host, const std::string& path = "/api/v1/status") {
    Request request;
    request.method = "GET";
    request.path = path;
    request.headers = {{"Host", host}};
    return request;
}

unsigned status_of(const Request& request) {
    const auto refused = refuse_web(request, kNames);
    return refused ? refused->status : 200;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(web)

BOOST_AUTO_TEST_CASE(addresses_and_names_of_the_router_are_answered) {
    for (const std::string host :
         {"192.168.1.1:8080", "192.168.1.1", "[fd00::1]:8080", "[fd00::1]", "localhost:8080",
          "router:8080", "Router.LAN", "router.lan.", "10.9.8.7"}) {
        BOOST_TEST(status_of(looks(host)) == 200U, host);
    }
}

BOOST_AUTO_TEST_CASE(a_name_of_a_stranger_that_leads_here_shows_nothing) {
    for (const std::string host :
         {"evil.example", "evil.example:8080", "192.168.1.1.evil.example", "router.evil.example",
          "", ":8080", "[evil]", "[fd00::1", "[fd00::1]x.example", "192.168.1.1@evil.example",
          "routerlan", "localhost.evil.example"}) {
        BOOST_TEST(status_of(looks(host)) == 403U, host);
    }
}

BOOST_AUTO_TEST_CASE(a_request_for_nobody_or_for_two_is_not_understood) {
    Request request = looks("192.168.1.1");
    request.headers.emplace_back("host", "192.168.1.1");
    BOOST_TEST(status_of(request) == 400U);
    request.headers.clear();
    BOOST_TEST(status_of(request) == 400U);
}

BOOST_AUTO_TEST_CASE(nothing_can_be_changed) {
    for (const std::string method :
         {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "X"}) {
        Request request = looks("192.168.1.1", "/api/v1/forwards");
        request.method = method;
        const auto refused = refuse_web(request, kNames);
        BOOST_REQUIRE(refused);
        BOOST_TEST(refused->status == 405U, method);
        BOOST_TEST(*find_value(refused->headers, "allow") == "GET, HEAD");
    }
    Request head = looks("192.168.1.1");
    head.method = "HEAD";
    BOOST_TEST(status_of(head) == 200U);
}

BOOST_AUTO_TEST_CASE(pages_of_other_sites_may_lead_here_and_not_look) {
    Request request = looks("192.168.1.1:8080");
    request.headers.emplace_back("Sec-Fetch-Site", "cross-site");
    BOOST_TEST(status_of(request) == 403U);
    request.path = "/";
    BOOST_TEST(status_of(request) == 200U);
    request = looks("192.168.1.1:8080");
    request.headers.emplace_back("Origin", "http://192.168.1.1:8080");
    request.headers.emplace_back("Sec-Fetch-Site", "same-origin");
    BOOST_TEST(status_of(request) == 200U);
    for (const std::string origin : {"http://192.168.1.1", "https://192.168.1.1:8080", "null",
                                     "http://evil.example", "http://192.168.1.1:8080.evil"}) {
        request.headers[1].second = origin;
        BOOST_TEST(status_of(request) == 403U, origin);
    }
}

BOOST_AUTO_TEST_CASE(an_error_says_what_to_do) {
    const auto refused = refuse_web(looks("evil.example"), kNames);
    BOOST_TEST(refused->body ==
               R"({"error":"this is not a name of the router","hint":"use its address, or add )"
               R"(the name as list name in config web"})");
}

BOOST_AUTO_TEST_CASE(whoever_has_it_already_gets_no_body) {
    const Request first = looks("192.168.1.1");
    Response answer{200, "application/json", "[1]"};
    tag(first, answer);
    const std::string* etag = find_value(answer.headers, "ETag");
    BOOST_REQUIRE(etag != nullptr);
    Request again = first;
    again.headers.emplace_back("If-None-Match", *etag);
    Response same{200, "application/json", "[1]"};
    tag(again, same);
    BOOST_TEST(same.status == 304U);
    BOOST_TEST(same.body.empty());
    Response other{200, "application/json", "[2]"};
    tag(again, other);
    BOOST_TEST(other.status == 200U);
    BOOST_TEST(other.body == "[2]");
    Response wrong = failure(404, "nothing");
    tag(again, wrong);
    BOOST_TEST(find_value(wrong.headers, "ETag") == nullptr);
}

BOOST_AUTO_TEST_CASE(the_browser_runs_only_what_we_send_and_in_no_frame) {
    Response answer;
    guard(answer);
    const std::string policy = *find_value(answer.headers, "Content-Security-Policy");
    for (const std::string part : {"default-src 'none'", "script-src 'self';",
                                   "frame-ancestors 'none'", "base-uri 'none'"}) {
        BOOST_TEST(policy.find(part) != std::string::npos, part);
    }
    BOOST_TEST(policy.find("unsafe") == std::string::npos);
    BOOST_TEST(find_value(answer.headers, "Access-Control-Allow-Origin") == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(parts_of_lists)

BOOST_AUTO_TEST_CASE(a_page_is_a_number_of_rows_from_a_row_on) {
    const Page page = parse_page({{"limit", "10"}, {"offset", "95"}}).value();
    BOOST_TEST((page.of(200) == std::pair<std::size_t, std::size_t>(95, 105)));
    BOOST_TEST((page.of(100) == std::pair<std::size_t, std::size_t>(95, 100)));
    BOOST_TEST((page.of(95) == std::pair<std::size_t, std::size_t>(95, 95)));
    BOOST_TEST((page.of(3) == std::pair<std::size_t, std::size_t>(3, 3)));
    BOOST_TEST((Page{}.of(7) == std::pair<std::size_t, std::size_t>(0, 7)));
    const std::string number = std::to_string(std::numeric_limits<std::size_t>::max());
    const Page most = parse_page({{"limit", number}, {"offset", "1"}}).value();
    BOOST_TEST((most.of(7) == std::pair<std::size_t, std::size_t>(1, 7)));
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_refused) {
    for (const std::string text : {"", "-1", "1.5", "ten", "99999999999999999999999"}) {
        BOOST_TEST(!parse_page({{"limit", text}}).ok(), text);
    }
}

BOOST_AUTO_TEST_CASE(a_stream_of_rows_is_the_list) {
    std::vector<LeaseRow> rows(200);
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i].address = Ip4{static_cast<std::uint32_t>(i)};
    for (const Page page : {Page{}, Page{0, 64}, Page{63, 2}, Page{199, 5}, Page{500, 1}}) {
        const Response whole = list_of(rows, page);
        const Response pieces =
            answer_with(std::make_shared<RowStream<LeaseRow>>(rows, page), true);
        BOOST_TEST(whole.body == pieces.body);
    }
}

BOOST_AUTO_TEST_SUITE_END()
