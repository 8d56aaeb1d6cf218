// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/street.h"

#include <algorithm>
#include <iterator>

#include "gateway/base/text.h"
#include "tests/lab/support/nat.h"

namespace gatehouse::lab {
namespace {

constexpr std::string_view kAtFirst = "restricted-cone";

HouseOptions left_house(Internet& net) {
    HouseOptions options;
    options.name = "left";
    options.internet = &net;
    return options;
}

HouseOptions right_house(Internet& net) {
    HouseOptions options = neighbour(net);
    options.name = "right";
    return options;
}

}  // namespace

Home::Home(HouseOptions options)
    : house(std::move(options)), router(house, nat_type(kAtFirst)), type_(kAtFirst) {}

void Home::becomes(std::string_view type) {
    if (type == type_) return;
    router.configure(nat_type(type));
    const Ran reload = router.reload();
    if (!reload.ok()) throw LabError(concat("change of type: ", reload.to_string()));
    type_ = type;
}

Street::Street() : left(left_house(net)), right(right_house(net)) {}

bool types_allow(std::string_view first, std::string_view second) {
    const auto exact = [](std::string_view type) {
        return type == "symmetric" || type == "port-restricted-cone";
    };
    const bool hidden_port = first == "symmetric" || second == "symmetric";
    return !(hidden_port && exact(first) && exact(second));
}

std::string_view stricter(std::string_view first, std::string_view second) {
    const auto rank = [](std::string_view type) {
        return std::find(std::begin(kNatTypes), std::end(kNatTypes), type);
    };
    return rank(first) < rank(second) ? second : first;
}

}  // namespace gatehouse::lab
