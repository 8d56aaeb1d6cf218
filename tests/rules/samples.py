# SPDX-License-Identifier: GPL-2.0-or-later
"""What each rule must object to, and what it must let pass.

(rule, files, words of the finding) where files are {path: text} or a Tree; None for the words
means that the rule has nothing to say. selftest.py insists on both kinds for every rule.
"""

import json

from house import Tree
from requirements import REQUIREMENTS

GPL = "SPDX-License-Identifier: GPL-2.0-or-later"


def body(lines):
    """A function of that many lines."""
    return "int f(int x) {\n" + "    ++x;\n" * (lines - 2) + "}\n"


DIRECTIONS = [
    ("includes_point_downward", {"gateway/nat/a.cpp": '#include "gateway/config/config.h"\n',
                                 "alg/sip/uri.cpp": '#include "gateway/nat/hosts.h"\n'
                                                    '#include "alg/sip/uri.h"\n',
                                 "upnp/io.cpp": '#include "gateway/loop/loop.h"\n',
                                 "dhcp/shell/raw.cpp": '#include "gateway/kernel/links.h"\n',
                                 "gateway/daemon/a.cpp": '#include "dhcp/server.h"\n',
                                 "tests/nat/a.cpp": '#include "dhcp/server.h"\n'}, None),
    ("includes_point_downward", {"gateway/base/a.h": '#include "gateway/nat/engine.h"\n'},
     "gateway/base must not include"),
    ("includes_point_downward", {"gateway/nat/a.cpp": '#include "gateway/kernel/nft.h"\n'},
     "gateway/nat must not include"),
    ("includes_point_downward", {"upnp/pcp.cpp": '#include "gateway/nat/engine.h"\n'},
     "upnp must not include"),
    ("includes_point_downward", {"alg/sip/sdp.h": '#  include "dhcp/server.h"\n'},
     "alg must not include"),
    ("includes_point_downward", {"dhcp/server.cpp": '#include "gateway/loop/loop.h"\n'},
     "dhcp must not include"),
    ("includes_point_downward", {"gateway/attic/a.cpp": "\n"}, "gateway/attic is not in"),
    ("includes_start_at_the_top", {"gateway/base/a.cpp": '#include "gateway/base/a.h"\n',
                                   "gateway/base/a.h": "#include <span>\n"}, None),
    ("includes_start_at_the_top", {"alg/a.cpp": '#include "../gateway/base/a.h"\n'}, '"../"'),
    ("includes_start_at_the_top", {"alg/a.cpp": '#include "a.h"\n', "alg/a.h": ""}, "a.h"),
    ("headers_are_included_once", {"alg/a.h": "// a\n#pragma once\n", "alg/a.cpp": ""}, None),
    ("headers_are_included_once", {"alg/a.h": "// #pragma once\n"}, "#pragma once"),
    ("libraries_have_one_home", {"gateway/kernel/a.cpp": "#include <libmnl/libmnl.h>\n",
                                 "upnp/xml.cpp": "#include <pugixml.hpp>\n"}, None),
    ("libraries_have_one_home", {"gateway/kernel/a.h": "#include <linux/netlink.h>\n"}, "<linux/"),
    ("libraries_have_one_home", {"upnp/a.cpp": "#include <linux/aio_abi.h>\n"}, "<linux/"),
    ("libraries_have_one_home", {"gateway/nat/a.cpp": "#include <nftables/libnftables.h>\n"},
     "<nftables/"),
    ("libraries_have_one_home", {"alg/io.cpp": "#include <microhttpd.h>\n"}, "<microhttpd.h>"),
]

CORE = [
    ("core_includes_no_system", {"upnp/io.cpp": "#include <sys/socket.h>\n",
                                 "gateway/nat/a.cpp": "#include <map>\n",
                                 "gateway/loop/a.cpp": "#include <unistd.h>\n"}, None),
    ("core_includes_no_system", {"gateway/nat/a.cpp": "#include <iostream>\n"}, "<iostream>"),
    ("core_includes_no_system", {"dhcp/pool.h": "#include <random>\n"}, "<random>"),
    ("core_includes_no_system", {"alg/sip/uri.cpp": "#include <sys/socket.h>\n"}, "<sys/"),
    ("core_calls_no_system", {"dhcp/a.cpp": "x = lease.time(now);  // time(nullptr) is not it\n"
                                            'y = "std::cout << rand()";\n',
                              "dhcp/io.cpp": "auto t = std::chrono::steady_clock::now();\n"}, None),
    ("core_calls_no_system", {"alg/a.cpp": "auto t = std::chrono::steady_clock::now();\n"},
     "::now"),
    ("core_calls_no_system", {"gateway/nat/a.cpp": "int p = std::rand();\n"}, "std::rand"),
    ("core_calls_no_system", {"upnp/a.cpp": "auto t = time(nullptr);\n"}, "time"),
    ("core_calls_no_system", {"upnp/a.h": 'const char* s = "a"; int f = ::socket(1, 2, 3);\n'},
     "::socket"),
    ("core_calls_no_system", {"dhcp/a.cpp": "/* log */ std::cerr << 1;\n"}, "std::cerr"),
    ("nobody_begins_a_thread", {"tests/fuzz/a.cpp": "pthread_create(&t, nullptr, f, nullptr);\n",
                                "upnp/a.cpp": "// no std::thread here\n"}, None),
    ("nobody_begins_a_thread", {"gateway/daemon/a.cpp": "std::thread t(f);\n"}, "std::thread"),
    ("nobody_begins_a_thread", {"gateway/control/a.cpp": "x = MHD_USE_INTERNAL_POLLING_THREAD;\n"},
     "one thread"),
    ("core_keeps_its_types", {"gateway/base/bytes.cpp": "reinterpret_cast<const char*>(x)\n",
                              "gateway/kernel/a.cpp": "reinterpret_cast<nlmsghdr*>(x)\n",
                              "alg/a.cpp": "// no reinterpret_cast here\n"}, None),
    ("core_keeps_its_types", {"dhcp/a.cpp": "auto* h = reinterpret_cast<Header*>(x);\n"},
     "not with a cast"),
]

LAYOUT = [
    ("the_top_is_the_designs", {"README.md": "", "alg/a.h": "", ".ci/run": ""}, None),
    ("the_top_is_the_designs", {"notes.txt": ""}, "no such name"),
    ("the_top_is_the_designs", Tree({}, {"src/picture.png"}), "no such name"),
    ("files_are_lower_snake", {"alg/sip/via.cpp": "", "tests/run.sh": ""}, None),
    ("files_are_lower_snake", {"alg/sip/ViaHeader.cpp": ""}, "lower_snake"),
    ("sources_name_their_licence", {"alg/a.cpp": f"// {GPL}\n",
                                    "tests/run.sh": f"#!/bin/bash\n# {GPL}\n"}, None),
    ("sources_name_their_licence", {"alg/a.cpp": "int a;\n"}, "first three lines"),
    ("sources_name_their_licence", {"alg/a.cpp": f"\n\n\n// {GPL}\n"}, "first three lines"),
    ("fuzz_targets_have_words", Tree({"tests/fuzz/sip_uri.cpp": "", "tests/fuzz/support/a.cpp": ""},
                                     {"tests/fuzz/words/sip"}), None),
    ("fuzz_targets_have_words", {"tests/fuzz/sip_uri.cpp": ""}, "tests/fuzz/words/sip"),
    ("fuzz_targets_have_a_corpus", Tree({"tests/fuzz/sip.cpp": "", "tests/fuzz/support/a.cpp": ""},
                                        {"tests/fuzz/corpus/sip/invite"}), None),
    ("fuzz_targets_have_a_corpus", {"tests/fuzz/sip.cpp": "", "tests/fuzz/corpus/sipp/a": ""},
     "tests/fuzz/corpus/sip"),
    ("commands_can_be_run", Tree({"tests/run.sh": "#!/bin/bash\n"}, set(), {"tests/run.sh"}),
     None),
    ("commands_can_be_run", {"tests/run.sh": "#!/bin/bash\n"}, "not executable"),
    ("commands_can_be_run", Tree({"alg/a.h": "\n"}, set(), {"alg/a.h"}), "does not begin with #!"),
]

TEXT = [
    ("lines_end_cleanly", {"a.h": "int a;\n\nint b;\n", "b.h": "",
                           "tests/fuzz/corpus/sip/a": "INVITE \r\n"}, None),
    ("lines_end_cleanly", {"a.h": "int a; \n"}, "a.h:1: blanks"),
    ("lines_end_cleanly", {"a.h": "\nint a;\r\n"}, "a.h:2: carriage return"),
    ("lines_end_cleanly", {"a.h": "int a;"}, "exactly one newline"),
    ("lines_end_cleanly", {"a.h": "int a;\n\n"}, "exactly one newline"),
    ("there_are_no_tabs", {"a.h": "    int a;\n", "openwrt/Makefile": "all:\n\ttrue\n"}, None),
    ("there_are_no_tabs", {"a.h": "\tint a;\n"}, "a tab"),
    ("text_is_utf8", {"a.md": "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n\n"}, None),
    ("text_is_utf8", {"a.md": "\N{REPLACEMENT CHARACTER}gr\n"}, "not UTF-8"),
    ("nothing_is_left_unfinished", {"a.h": "// photodocument, WIPE, hacksaw\n"}, None),
    ("nothing_is_left_unfinished", {"a.h": "// TO" + "DO: more\n"}, "finish it"),
    ("nothing_is_left_unfinished", {"a.h": "\n// FIX" + "ME\n"}, "a.h:2"),
    ("nothing_is_left_unfinished", {"a.md": "Not " + "implemented yet.\n"}, "finish it"),
]

SIZES = [
    ("files_are_short", {"a.cpp": "\n" * 700, "tests/fuzz/corpus/a.h": "\n" * 900}, None),
    ("files_are_short", {"a.cpp": "\n" * 701}, "701 lines"),
    ("functions_are_short", {"a.cpp": body(80), "b.sh": "f() {\n" + ":\n" * 78 + "}\n"}, None),
    ("functions_are_short", {"a.cpp": body(81)}, "f has 81 lines"),
    ("functions_are_short", {"a.sh": "go() {\n" + ":\n" * 79 + "}\n"}, "go has 81 lines"),
    ("functions_are_short", {"a.py": "def go():\n" + "    x = 1\n" * 80}, "go has 81 lines"),
]

CASE = {"tests/nat/a.cpp": "BOOST_AUTO_TEST_CASE(a_port_is_kept) {\n}\n"
                           "BOOST_DATA_TEST_CASE(every_type,\n    kTypes, type) {\n}\n"}
KEPT = "`tests/nat/a.cpp: a_port_is_kept`"


def table(*rows):
    """gateway/RFC.md with these rows: (id, level, status, test)."""
    lines = [f"| {name} | {level} | a port is kept | {status} | {test} |\n"
             for name, level, status, test in rows]
    return {"gateway/RFC.md": "| Id | Level | Asked | Status | Test |\n|---|---|---|---|---|\n"
                              + "".join(lines), **CASE}


def one_row(status="met", test=KEPT, level="MUST"):
    return table(("4787-1", level, status, test))


EVERY_ROW = [(f"{rfc}-{number}", "MUST", "met", KEPT)
             for rfc, numbers in REQUIREMENTS.items() for number in numbers.split()]

MANUAL = {
    "gateway/control/manual/gatehouse.8": ".It Ic go Op Fl -json\n",
    "gateway/control/manual/gatehouse.bash": "go) --json\n",
    "gateway/daemon/commands.cpp": '    Command{"go", "go"}\nif (word == "--json")\n',
}

ONE_METRIC = {
    "gateway/base/metrics.h":
        'MetricRow{Metric::a, "gatehouse_a_total", MetricKind::counter,\n  "why", "", "Help."},\n'}


def dashboard(expr, legend=""):
    return {**ONE_METRIC, "gateway/control/grafana.json": json.dumps(
        {"panels": [{"targets": [{"expr": expr, "legendFormat": legend}]}]})}


DOCUMENTS = [
    ("the_dashboard_shows_what_is_measured",
     dashboard("sum by (why) (rate(gatehouse_a_total[5m]))", "{{why}} {{instance}}"), None),
    ("the_dashboard_shows_what_is_measured", dashboard("gatehouse_b + gatehouse_a_total"),
     "there is no metric gatehouse_b"),
    ("the_dashboard_shows_what_is_measured", dashboard("gatehouse_a_total", "{{who}}"),
     "has no label who"),
    ("the_dashboard_shows_what_is_measured", dashboard("up"), "is shown nowhere"),
    ("the_dashboard_shows_what_is_measured",
     {**ONE_METRIC, "gateway/control/grafana.json": "[]"}, "is no dashboard"),
    ("the_api_is_described", {"gateway/control/API.md": "`/api/v1/hosts` `mac` `host_gone`\n",
                              "gateway/daemon/a.cpp": 'x == "/api/v1/hosts"; tell("host_gone", {});\n',
                              "gateway/control/resources.cpp": 'json.field("mac", 1);\n'}, None),
    ("the_api_is_described", {"gateway/control/API.md": "`/api/v1/hosts`\n",
                              "gateway/daemon/a.cpp": 'x == "/api/v1/calls";\n'},
     "does not tell of /api/v1/calls"),
    ("the_api_is_described", {"gateway/control/API.md": "`mac`\n",
                              "gateway/control/resources.cpp": 'json.field("name", 1);\n'},
     "does not tell of name"),
    ("the_api_is_described", {"gateway/control/API.md": "`/api/v1/gone`\n"},
     "there is no /api/v1/gone"),
    ("the_manual_tells_of_every_command", MANUAL, None),
    ("the_manual_tells_of_every_command",
     {**MANUAL, "gateway/control/manual/gatehouse.8": ".It Ic run Op Fl -json\n"},
     "gatehouse.8 does not tell of go"),
    ("the_manual_tells_of_every_command",
     {**MANUAL, "gateway/control/manual/gatehouse.8": ".It Ic go Op Fl c\n"},
     "gatehouse.8 does not tell of --json"),
    ("the_manual_tells_of_every_command",
     {**MANUAL, "gateway/control/manual/gatehouse.bash": "go\n"},
     "gatehouse.bash does not know --json"),
    ("links_lead_somewhere", {"gateway/README.md": "[a](RFC.md#x) [b](../alg) [c](https://x.y)\n"
                                                   "[d](#here)\n```\n[e](gone)\n```\n",
                              "gateway/RFC.md": "", "alg/a.h": ""}, None),
    ("links_lead_somewhere", {"README.md": "see [a](gateway/gone.md)\n"}, "gateway/gone.md"),
    ("mentioned_paths_exist", {"README.md": "`tests/run.sh unit`, `tests/*/run.sh`, `/etc/x`\n"
                                            "```sh\nsudo ./tests/run.sh\n```\n",
                               "tests/run.sh": "", "tests/fuzz/run.sh": ""}, None),
    ("mentioned_paths_exist", {"README.md": "run `tests/gone.sh`\n"}, "tests/gone.sh"),
    ("mentioned_paths_exist", {"README.md": "```sh\n$ gateway/gone.sh -x\n```\n"}, "gone.sh"),
    ("commands_exist", Tree({"README.md": "`gatehouse status` `tests/run.sh`\n```sh\n"
                                          "cmake --preset release\n```\n",
                             "CMakePresets.json": '{"configurePresets": [{"name": "release"}]}',
                             "gateway/control/a.cpp": 'if (word == "status") {\n'},
                            {"tests/run.sh"}, {"tests/run.sh"}), None),
    ("commands_exist", {"README.md": "`gatehouse dance`\n"}, "dance"),
    ("commands_exist", {"README.md": "`tests/run.sh`\n", "tests/run.sh": ""}, "not executable"),
    ("commands_exist", {"README.md": "`cmake --preset relaese`\n"}, "relaese"),
]

def promise(test):
    return {"gateway/SECURITY.md": f"| Promised | Test |\n|---|---|\n| Ports are kept. | {test} |\n"}


REQUIREMENT_RULES = [
    ("requirements_name_tests_that_exist",
     one_row(test=f"{KEPT}, `tests/nat/a.cpp: every_type`"), None),
    ("requirements_name_tests_that_exist", {"gateway/README.md": ""}, None),
    ("requirements_name_tests_that_exist", one_row(test="`tests/nat/a.cpp: a_port_is_lost`"),
     "no test case tests/nat/a.cpp: a_port_is_lost"),
    ("requirements_name_tests_that_exist", one_row(test="`tests/nat/b.cpp: a_port_is_kept`"),
     "no test case tests/nat/b.cpp"),
    ("requirements_name_tests_that_exist", one_row(test="`a_port_is_kept`"), "is not written as"),
    ("requirements_name_tests_that_exist", promise("`tests/nat/b.cpp: a_port_is_kept`"),
     "no test case tests/nat/b.cpp"),
    ("promises_name_a_test", promise(KEPT), None),
    ("promises_name_a_test", promise("soon"), "a promise names the test"),
    ("requirements_have_a_level_and_a_status", one_row(), None),
    ("requirements_have_a_level_and_a_status", one_row("met; by default"), None),
    ("requirements_have_a_level_and_a_status", one_row("not met: too early", ""), None),
    ("requirements_have_a_level_and_a_status", one_row("does not apply: one address", ""), None),
    ("requirements_have_a_level_and_a_status", one_row(""), "the status is none of"),
    ("requirements_have_a_level_and_a_status", one_row("not met", ""), "the status is none of"),
    ("requirements_have_a_level_and_a_status", one_row("metal"), "the status is none of"),
    ("requirements_have_a_level_and_a_status", one_row(level="CAN"), "the level is none of"),
    ("met_requirements_name_a_test", one_row(), None),
    ("met_requirements_name_a_test", one_row("not met: too early", ""), None),
    ("met_requirements_name_a_test", one_row(test="soon"), "names the test"),
    ("every_requirement_is_listed_once", table(*EVERY_ROW), None),
    ("every_requirement_is_listed_once", {"gateway/README.md": ""}, None),
    ("every_requirement_is_listed_once", table(*EVERY_ROW[1:]), "4787-1 is missing"),
    ("every_requirement_is_listed_once", table(*EVERY_ROW, EVERY_ROW[5]), "is listed twice"),
    ("every_requirement_is_listed_once", table(("4787-99", "MUST", "met", KEPT)),
     "no document has a requirement 4787-99"),
    ("every_requirement_is_listed_once",
     {**table(*EVERY_ROW), "alg/REQUIREMENTS.md": "| Id |\n|---|\n| R-1 |\n"}, "A-1 is missing"),
]

TOOLS = [
    ("cpp_is_formatted", {"alg/a.cpp": "int main() {\n    return 0;\n}\n"}, None),
    ("cpp_is_formatted", {"alg/a.cpp": "int main()\n{\n  return 0; }\n"}, "clang-format-14 -i"),
    ("shell_is_sound", {"tests/a.sh": '#!/bin/bash\necho "$1"\n',
                        "openwrt/files/a.init": "#!/bin/sh /etc/rc.common\nUSE_PROCD=1\n"}, None),
    ("shell_is_sound", {"tests/a.sh": "#!/bin/bash\necho $1\n"}, "SC2086"),
    ("shell_is_sound", {".ci/run": "#!/bin/sh\necho `ls`\n"}, "SC2006"),
    ("shell_is_sound", {"openwrt/files/a.init": "#!/bin/sh /etc/rc.common\nf() { echo $1; }\n"},
     "SC2086"),
]

RULES = DIRECTIONS + CORE + LAYOUT + TEXT + SIZES + DOCUMENTS + REQUIREMENT_RULES + TOOLS

# (text, what functions() finds in it as (first line, lines, name))
FUNCTIONS = [
    ("int f() {\n}\n", [(1, 2, "f")]),
    ("int f();\nint x = 1;\n", []),
    ("namespace a {\nclass B : public C {\n  public:\n    int f() const { return 1; }\n};\n}\n",
     [(4, 1, "f")]),
    ("struct A {\n    int x = 0;\n    std::array<int, 2> y{};\n};\n", []),
    ("enum class E : int {\n    a,\n};\n", []),
    ("const int kTable[] = {\n    1,\n    2,\n};\nvoid g() {\n}\n", [(5, 2, "g")]),
    ("constexpr Row kRows[] = {\n    {1, f(2)},\n    {3, f(4)},\n};\n", []),
    ("A::A(int x) : x_(x), y_{1} {\n    go();\n}\n", [(1, 3, "A::A")]),
    ("A::A(int x)\n    : x_(x),\n      y_{1} {}\nint f() {\n}\n", [(1, 3, "A::A"), (4, 2, "f")]),
    ("template <class T>\nT f(T a) {\n    if (a) {\n        return a;\n    }\n    return {};\n}\n",
     [(1, 7, "f")]),
    ("template <class T>\nclass A {\n    int f() {\n    }\n};\n", [(3, 2, "f")]),
    ("auto f() -> Result<int> {\n}\nbool g() noexcept {\n}\n", [(1, 2, "f"), (3, 2, "g")]),
    ("bool operator==(A a, A b) {\n    return true;\n}\n", [(1, 3, "operator==")]),
    ("BOOST_AUTO_TEST_CASE(a_b) {\n    go();\n}\n", [(1, 3, "a_b")]),
    ('BOOST_DATA_TEST_CASE(a_b, bdata::make({1, 2}), x) {\n    go("}");\n}\n', [(1, 3, "a_b")]),
    ("int f() {\n    auto g = [](int x) {\n        return x;\n    };\n    // }\n    return 1;\n}\n",
     [(1, 7, "f")]),
    ('auto s = R"({ not ( this)";\nchar c = \'{\';\nint n = 1\'000;\nint f() {\n}\n',
     [(4, 2, "f")]),
    ("#define A(x) \\\n    do {        \\\n    } while (0)\nint f() {\n}\n", [(4, 2, "f")]),
    ('extern "C" int f(int a) {\n    return a;\n}\n', [(1, 3, "f")]),
    ('extern "C" {\nint f(int a) {\n    return a;\n}\n}\n', [(2, 3, "f")]),
    ("class A {\n    void f() {\n    }\n  private:\n    void g() {\n    }\n};\n",
     [(2, 2, "f"), (5, 2, "g")]),
]
