#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""A rule that cannot fail is a defect: every rule objects to its bad samples and to no other."""

import unittest

import check
import cpp
import house
import samples
import skips


def say(rule, files):
    tree = files if isinstance(files, house.Tree) else house.Tree(dict(files))
    return [str(finding) for finding in rule(tree)]


class TheRules(unittest.TestCase):
    def setUp(self):
        self.rules = {name: rule for group in check.load().values()
                      for name, rule in group.items()}

    def test_each_objects_to_what_is_wrong_and_to_nothing_else(self):
        for name, files, words in samples.RULES:
            with self.subTest(rule=name, words=words):
                said = say(self.rules[name], files)
                if words is None:
                    self.assertEqual(said, [])
                else:
                    self.assertTrue(any(words in line for line in said), said)

    def test_each_has_a_sample_that_fails_and_one_that_passes(self):
        for name in self.rules:
            with self.subTest(rule=name):
                kinds = {words is None for rule, _, words in samples.RULES if rule == name}
                self.assertEqual(kinds, {True, False})


class FunctionsAreFound(unittest.TestCase):
    def test_with_their_first_line_and_length(self):
        for text, expected in samples.FUNCTIONS:
            with self.subTest(text=text):
                self.assertEqual(list(cpp.functions(text)), expected)


def junit(body):
    return f'<testsuite><testcase name="nat_types" status="x">{body}</testcase></testsuite>'


class Skips(unittest.TestCase):
    def test_a_named_lack_of_the_kernel_is_accepted(self):
        lacks, silent = skips.judge(junit(
            "<skipped/><system-out>kernel lacks: nft queue\n</system-out>"))
        self.assertEqual((lacks, silent), (["nat_types: kernel lacks nft queue"], []))

    def test_any_other_skip_is_refused(self):
        for body in ("<skipped/><system-out>no root here</system-out>",
                     "<skipped/><system-out>kernel lacks: patience</system-out>",
                     '<skipped message="Disabled"/>',
                     "<skipped/>"):
            with self.subTest(body=body):
                lacks, silent = skips.judge(junit(body))
                self.assertEqual(lacks, [])
                self.assertEqual(len(silent), 1)

    def test_a_case_skipped_inside_a_passing_program_is_refused_too(self):
        said = 'Test case "nat/x" is skipped because precondition failed'
        self.assertEqual(len(skips.judge(junit(f"<system-out>{said}</system-out>"))[1]), 1)
        lacks, silent = skips.judge(junit(
            f"<system-out>kernel lacks: flowtables\n{said}</system-out>"))
        self.assertEqual((len(lacks), silent), (1, []))

    def test_a_suite_that_a_test_starts_itself_is_no_skipped_test(self):
        said = 'Test suite "{}" is skipped because disabled'
        for suite, refused in (("victims", 0), ("soak", 0), ("nat_types", 1)):
            found = skips.judge(junit(f"<system-out>{said.format(suite)}</system-out>"))
            self.assertEqual((len(found[0]), len(found[1])), (0, refused))

    def test_nothing_skipped_is_nothing_said(self):
        self.assertEqual(skips.judge(junit("<system-out>fine</system-out>")), ([], []))


if __name__ == "__main__":
    unittest.main()
