// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/show.h"

#include <boost/test/unit_test.hpp>

#include "gateway/control/status.h"

using namespace gatehouse::control;

namespace {

StatusView example() {
    StatusView status;
    status.version = "1.2.3";
    status.uptime = 93784;
    status.wan = {"wan0", "11.0.0.1/24"};
    status.reach = "public";
    status.upstream.state = "unneeded";
    status.lan = {{"br-lan", "192.168.1.1/24"}, {"br-guest", ""}};
    status.nat_type = "restricted-cone";
    status.mapping = "endpoint-independent";
    status.filtering = "address-dependent";
    status.tables = {{"mappings", 120, 131072, 4096, 7}, {"hosts", 3, 8192}};
    status.kernel = {{"release", "6.6.1"}, {"queue", "native"}};
    status.safeguards = {{"user", "gatehouse"}, {"seccomp", "on"}};
    return status;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_status_has_the_fields_that_are_promised) {
    BOOST_TEST(write_status_json(example()) ==
               R"({"version":"1.2.3","uptime":93784,)"
               R"("wan":{"interface":"wan0","address":"11.0.0.1/24","reach":"public",)"
               R"("upstream":{"state":"unneeded","language":null,"gateway":null,"address":null,)"
               R"("wanted":0,"held":0,"reason":null}},)"
               R"("lan":[{"interface":"br-lan","address":"192.168.1.1/24"},)"
               R"({"interface":"br-guest","address":null}],)"
               R"("nat":{"type":"restricted-cone","mapping":"endpoint-independent",)"
               R"("filtering":"address-dependent"},"counts":{},)"
               R"("tables":[{"table":"mappings","used":120,"most":131072,"of_device":4096,)"
               R"("refused":7},{"table":"hosts","used":3,"most":8192,"of_device":null,)"
               R"("refused":0}],)"
               R"("kernel":{"release":"6.6.1","queue":"native"},)"
               R"("safeguards":{"user":"gatehouse","seccomp":"on"}})");
}

BOOST_AUTO_TEST_CASE(a_person_reads_it_in_lines) {
    const auto value = parse_json(write_status_json(example()));
    BOOST_REQUIRE(value.ok());
    BOOST_TEST(show_status(*value) ==
               "gatehouse   1.2.3\n"
               "uptime      1d 02:03:04\n"
               "outside     wan0  11.0.0.1/24  public\n"
               "inside      br-lan  192.168.1.1/24\n"
               "inside      br-guest  -\n"
               "nat         restricted-cone (mapping endpoint-independent, filtering "
               "address-dependent)\n"
               "limits      mappings       120 of 131072, 4096 of a device; 7 refused\n"
               "            hosts          3 of 8192\n"
               "kernel      release  6.6.1\n"
               "            queue    native\n"
               "safeguards  user     gatehouse\n"
               "            seccomp  on\n");
}

BOOST_AUTO_TEST_CASE(a_person_reads_what_is_known_of_the_router_beyond) {
    StatusView status = example();
    status.upstream = {"works", "pcp", "192.168.1.1", "11.0.0.1", 3, 2, ""};
    const auto works = parse_json(write_status_json(status));
    BOOST_REQUIRE(works.ok());
    BOOST_TEST(
        show_status(*works).find("upstream    works  pcp  192.168.1.1  11.0.0.1  2 of 3 ports\n") !=
        std::string::npos);
    status.upstream = {"absent", "", "192.168.1.1", "", 0, 0, "it answers nothing"};
    const auto absent = parse_json(write_status_json(status));
    BOOST_REQUIRE(absent.ok());
    BOOST_TEST(show_status(*absent).find("upstream    absent  192.168.1.1  0 of 0 ports  "
                                         "(it answers nothing)\n") != std::string::npos);
}
