// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/attack/scene.h"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <vector>

#include "gateway/base/text.h"

namespace gatehouse::attack {

namespace {

struct Row {
    std::string name, kernel_alone, gatehouse;
};

std::vector<Row>& rows() {
    static std::vector<Row> all;
    return all;
}

std::string cell(const std::string& gain) {
    return gain.empty() ? "refused" : gain;
}

struct Table {
    ~Table() {
        if (rows().empty()) return;
        std::printf("%-62s %-42s %s\n", "attack", "the kernel alone", "Gatehouse");
        for (const Row& row : rows()) {
            std::printf("%-62s %-42s %s\n", row.name.c_str(), row.kernel_alone.c_str(),
                        row.gatehouse.c_str());
        }
    }
};

std::string source_rule(std::string_view address) {
    return concat(
        "table ip plain\nflush table ip plain\ntable ip plain {\n chain out {\n"
        "  type nat hook postrouting priority srcnat;\n  oifname \"wan0\" snat to ",
        address, "\n }\n}\n");
}

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(Table);

Scene::Scene(Guard guard, const std::string& config) {
    if (guard == Guard::gatehouse) {
        router_.emplace(house, config);
        return;
    }
    make_plain_router(house);
    add_kernel_helpers(house);
}

void Scene::change_address(const std::string& address) {
    if (!is_guarded()) house.router.nft(source_rule(address));
    house.change_wan_address(concat(address, "/24"));
}

std::string Scene::expectations() const {
    return house.router.run({"conntrack", "-L", "expect"}).out;
}

void is_refused(const Attack& attack) {
    Row row{attack.name, {}, {}};
    {
        Scene scene(Scene::Guard::kernel_alone);
        row.kernel_alone = attack.play(scene);
    }
    {
        Scene scene(Scene::Guard::gatehouse, attack.config);
        row.gatehouse = attack.play(scene);
        BOOST_TEST(scene.expectations().empty(), scene.expectations());
    }
    rows().push_back({row.name, cell(row.kernel_alone), cell(row.gatehouse)});
    BOOST_TEST(row.gatehouse.empty(), row.gatehouse);
    if (attack.kernel_gives_way) {
        BOOST_TEST(!row.kernel_alone.empty(), "the attack does not work at all");
    }
}

}  // namespace gatehouse::attack
