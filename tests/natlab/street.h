// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every router that is judged, each with a house of its own, on one internet with two STUN servers:
// coturn and ours. A judge gets a host of its own in each house, so that no judge meets what
// another has left behind.
//
//   [house 1] 11.0.0.101 --+
//   [house 2] 11.0.0.102 --+-- 11.0.0.2, .3   coturn                 (ports 3478, 3479)
//   ...                    |   11.0.0.6, .7   gatehouse stun-server  (ports 3478, 3479)
//   [no NAT]  11.0.0.1xx --+   11.0.0.4       plain UDP
//
// In each house: .20 gatehouse probe, .30 stun, .10 .41 .42 turnutils_natdiscovery (mapping,
// filtering, hairpin).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/lab/support/lab.h"
#include "tests/natlab/finding.h"

namespace gatehouse::natlab {

enum class By : std::uint8_t { gatehouse, kernel, nothing };
std::string_view to_string(By by);  // "gatehouse", "kernel", "none"

// One router to build, and what it should turn out to be.
struct Scene {
    std::string name;  // "full-cone", "custom AD / EI", "plain masquerade"
    By by = By::gatehouse;
    std::string config;  // sections for Gatehouse
    Finding expected;
    bool overloads = false;  // two inside hosts on one port share an outside port
};

// The four named types and plain Linux masquerade.
std::vector<Scene> named_scenes();
// The same, the other five of the nine combinations, and a host without a NAT.
std::vector<Scene> all_scenes();

// Whose STUN server a judge asks.
enum class Server : std::uint8_t { coturn, gatehouse };
using Asking = std::map<Judge, Server>;
// Ours asks ours, the others ask coturn: two pairs that have no line of code in common.
Asking usual_servers();

struct Judgement {
    Finding found;
    bool right = false;
    std::string printed;  // all that the judge said
};

struct Row {
    Scene scene;
    std::map<Judge, Judgement> judgements;
    std::optional<bool> overloads;  // unknown where there are no two hosts, or packets got lost
    // Every judge saw what was expected, and ports are shared or not as expected.
    bool right() const;
};

// Builds all scenes side by side, lets the judges look, and gives one row for each scene.
std::vector<Row> judge_all(const std::vector<Scene>& scenes, const Asking& asking);

}  // namespace gatehouse::natlab
