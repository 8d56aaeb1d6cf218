// SPDX-License-Identifier: GPL-2.0-or-later
//
// The verdict on every router: a table for people, JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "tests/natlab/street.h"

namespace gatehouse::natlab {

// One line for each row, a legend, and what the judges printed about each row that is wrong.
std::string to_table(const std::vector<Row>& rows);

// An array of flat objects: type router expected_mapping expected_filtering expected_hairpin
// expected_overloads, for each judge (probe, stun, natdiscovery) JUDGE_mapping JUDGE_filtering
// JUDGE_hairpin JUDGE_tcp_mapping JUDGE_right, overloads, right.
std::string to_json(const std::vector<Row>& rows);

// Whether every row of Gatehouse is right: what the exit code says.
bool gatehouse_is_right(const std::vector<Row>& rows);

}  // namespace gatehouse::natlab
