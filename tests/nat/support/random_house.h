// SPDX-License-Identifier: GPL-2.0-or-later
//
// A house in which everything happens at random, and what must hold whatever happens. The source
// of choices is a seed in the tests and the input of the fuzzer.
#pragma once

#include <functional>
#include <string>

#include "tests/nat/support/house.h"

namespace gatehouse::test {

// A number from 0 to n - 1.
using Choose = std::function<std::uint32_t(std::uint32_t n)>;

class RandomHouse {
  public:
    explicit RandomHouse(Choose choose);

    // One random event. What does not hold afterwards, in words; empty: all is well.
    std::string step();
    // Ends all trouble, so that the kernel catches up.
    void calm();
    House& house() { return house_; }

  private:
    void packet();
    void inbound();
    void forward();
    void service();
    void neighbour();
    void pinhole();
    void reconfigure();
    void outside();
    void trouble();
    void time();
    std::string check();
    std::string check_mappings(const std::vector<Element>& wanted);
    std::string check_quotas();
    std::string check_packet();
    std::string check_pinholes();

    Endpoint4 some_inside();
    Endpoint4 some_remote();
    Proto some_proto();
    config::Config some_config();

    Choose choose_;
    House house_;
    std::vector<Ip4> addresses_{kOutside};
    std::vector<ReservedPort> reserved_;
    bool failing_ = false;  // commits fail now and then
    bool lagging_ = false;  // one has failed, and the kernel is behind
    std::string packet_problem_;
};

}  // namespace gatehouse::test
