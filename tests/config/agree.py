#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/config/agree.py ROOT BUILD-DIR [SEED [COUNT]]: random machines, most of them wrong in some way,
are judged by tools/axvmconfig and by axaddr_core/config_check.h. Both find nothing, or the one thing
that the C validator tells is, word for word, among those that the tool lists. The exposures that the
C validator lists are also compared. A machine has up to three VMs, whose numbers are chosen so that
they meet: few addresses, close together, at the edges of pages and of what the widths permit.
"""
import importlib.machinery
import importlib.util
import os
import random
import subprocess
import sys

PAGES = (4096, 65536)


def load_tool(root):
    loader = importlib.machinery.SourceFileLoader("axvmconfig", os.path.join(root, "tools", "axvmconfig"))
    spec = importlib.util.spec_from_loader("axvmconfig", loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


class Machine:
    """The text of some VMs, and what they are checked against."""

    def __init__(self, rng):
        self.rng = rng
        self.page = rng.choice(PAGES)
        # The rarer a fault is, the more often something behind it is reached.
        self.rarity = rng.choice((4, 20, 100, 1000))
        self.span = rng.choice((16, 64, 512, 4096))  # pages that the addresses are strewn over
        self.image = (rng.choice((0x40, 0x60)) * self.page, self.page * 4) if rng.random() < 0.5 else None
        self.texts = [self.vm(i) for i in range(rng.choice((1, 1, 2, 3)))]

    def rarely(self, fault, fine):
        return fault if self.rng.randrange(self.rarity) == 0 else fine

    def address(self, is_bytes=False):
        rng = self.rng
        value = rng.randrange(self.span) * self.page
        value = self.rarely(rng.choice(((1 << 40) - self.page, (1 << 64) - self.page, 1 << 40,
                                        (1 << 48) - self.page, 1 << 48)), value)
        if is_bytes and rng.random() < 0.3:
            value += rng.choice((1, 0x10, 0x100, 0x800, self.page - 1))
        return self.rarely(value ^ 0x10, value)

    def size(self, is_bytes=False):
        rng = self.rng
        value = rng.choice((1, 1, 2, 3, 8)) * self.page
        if is_bytes and rng.random() < 0.3:
            value = rng.choice((1, 0x10, 0x100, 0xf00, self.page - 1, self.page + 1))
        return self.rarely(rng.choice((0, value + 1, (1 << 64) - 1, 1 << 48)), value)

    def region(self):
        flags = self.rarely(self.rng.randrange(128), self.rng.choice((1, 3, 7, 7, 0xf, 0x27, 0x13)))
        return [self.address(), self.size(), flags, self.rarely(3, self.rng.randrange(3))]

    def device(self, i):
        gpa, hpa = self.address(True), self.address(True)
        if self.rng.random() < 0.9:
            hpa = hpa - hpa % self.page + gpa % self.page
        if self.rng.random() < 0.1:
            return [f"/path{self.rng.randrange(3)}"]
        return [f"dev{i}", gpa, self.rng.choice((gpa, hpa)), self.size(True), self.rng.randrange(64)]

    def emulated(self, i):
        kind = self.rarely(5, self.rng.choice((0, 1, 2, 0xA, 0x20, 0x21, 0x22, 0x30, 0xE1, 0xE2, 0xE3)))
        return [f"emu{i}", self.address(True), self.size(True), 0, kind, [1] * self.rng.randrange(3)]

    def vm(self, i):
        rng = self.rng
        cpus = self.rarely(0, rng.randrange(1, 4))
        regions = [self.region() for _ in range(rng.randrange(1, 5))]
        if rng.random() < 0.9:
            regions[0][2] |= 4
            regions[0][2] &= ~16
        home = regions[0]
        near = home[0] + rng.randrange(max(1, min(home[1], 1 << 16)))
        devices = [self.device(n) for n in range(rng.randrange(4))]
        accepted = [f"dev{n}" for n in range(4) if rng.random() < 0.7]
        marks = [[region[0] for region in regions if self.rarely(True, region[3] == kind and rng.random() < 0.5)]
                 for kind in (0, rng.choice((1, 2)))]
        lines = ["[base]", f"id = {self.rarely(0, i)}", f'name = "{self.rarely("vm0", f"vm{i}")}"',
                 f"vm_type = {self.rarely(3, rng.randrange(3))}", f"cpu_num = {cpus}"]
        if rng.random() < 0.5:
            lines.append(f"phys_cpu_ids = {[0] * self.rarely(cpus + 1, cpus)}")
        if rng.random() < 0.5:
            lines.append(f"phys_cpu_sets = {[self.rarely(0, 1)] * self.rarely(cpus + 1, cpus)}")
        lines += ["[kernel]", f"entry_point = {self.rarely(self.address(), near)}", 'kernel_path = ""',
                  f"kernel_load_addr = {self.rarely(self.address(), home[0])}"]
        if rng.random() < 0.5:
            lines.append(f"dtb_load_addr = {self.rarely(self.address(), home[0] + 8)}")
        lines += [f"memory_regions = {regions}", f"lazy_regions = {marks[0]}", f"shared_regions = {marks[1]}",
                  "[devices]", f"emu_devices = {[self.emulated(n) for n in range(rng.randrange(3))]}",
                  f"passthrough_devices = {devices}",
                  f"passthrough_addresses = {[[self.address(True), self.size(True)] for _ in range(rng.randrange(2))]}",
                  f"accepted_exposures = {accepted}"]
        return "\n".join(lines).replace("'", '"') + "\n"


def judge(tool, machine, number, folder):
    """The tool's verdict: VMs and the texts of all errors; no VMs if something could not be read."""
    report, vms = tool.Report(), []
    for i, text in enumerate(machine.texts):
        path = os.path.join(folder, f"random_{number}_{i}.toml")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        source = tool.Source(path)
        source.load(report)
        vm = tool.read_vm(source, report)
        os.remove(path)
        if vm is None:
            return None, report.texts
        vms.append(vm)
    limits = tool.Limits(machine.page, 40, 48, machine.image)
    tool.Checker(limits, report).check(vms)
    return vms, report.texts


def exposed(tool, vms, page):
    """What the tool would say about exposure if nothing were accepted."""
    report = tool.Report()
    checker = tool.Checker(tool.Limits(page), report)
    for vm in vms:
        accepted, vm.accepted = vm.accepted, []
        checker.check_exposure(vm, [claim for claim in tool.claims_of(vm) if claim.is_valid()])
        vm.accepted = accepted
    return [text.rsplit(" and ", 1)[1] for text in report.texts]


PROGRAM = """#include <stdio.h>
#include <string.h>
#include "axaddr_core/config_check.h"

static void judge(const struct axaddr_vm_config *const *vms, size_t count, uint64_t page,
                  uint64_t first, uint64_t size) {
    struct axaddr_vm_config_limits limits;
    struct axaddr_vm_config_error error;
    struct axaddr_vm_exposure exposure;
    char line[400];
    size_t i, cursor;
    memset(&limits, 0, sizeof limits);
    limits.page_size = page;
    limits.input_width = 40;
    limits.output_width = 48;
    limits.image_first = first;
    limits.image_size = size;
    (void)!axaddr_vm_config_check_all(vms, count, &limits, &error);
    axaddr_vm_config_error_print(&error, line, sizeof line);
    printf("%s\\n", line);
    for (i = 0; i < count; i++) {
        for (cursor = 0; axaddr_vm_config_exposure(vms[i], page, &cursor, &exposure);) {
            printf("host bytes [0x%llx, 0x%llx];", (unsigned long long)exposure.first,
                   (unsigned long long)exposure.last);
        }
    }
    printf("\\n");
}
"""


def c_of(tool, machine, vms, number):
    """The machine as tables and a function that judges them."""
    parts, names = [], [f"m{number}_{i}" for i in range(len(vms))]
    for vm, name in zip(vms, names):
        writer = tool.Writer(vm, name)
        writer.config()
        parts.append(writer.text())
    image = machine.image or (0, 0)
    configs = ", ".join(f"&axaddr_config_{name}" for name in names)
    parts.append(f"static void judge_{number}(void) {{\n"
                 f"    static const struct axaddr_vm_config *const vms[] = {{{configs}}};\n"
                 f"    judge(vms, {len(vms)}, {machine.page}, {image[0]:#x}, {image[1]:#x});\n}}")
    return "\n".join(parts)


def main(root, build, seed="1", count="300"):
    tool, rng = load_tool(root), random.Random(int(seed))
    verdicts, parts = [], [PROGRAM]
    while len(verdicts) < int(count):
        machine = Machine(rng)
        vms, texts = judge(tool, machine, len(verdicts), build)
        if vms is None:
            continue  # not to be read: there is nothing to compare
        parts.append(c_of(tool, machine, vms, len(verdicts)))
        verdicts.append((machine, texts, exposed(tool, vms, machine.page)))
    calls = "".join(f"    judge_{i}();\n" for i in range(len(verdicts)))
    source, program = os.path.join(build, "agree.c"), os.path.join(build, "agree")
    with open(source, "w", encoding="ascii") as file:
        file.write("\n".join(parts) + f"\nint main(void) {{\n{calls}    return 0;\n}}\n")
    subprocess.run(["gcc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror",
                    "-fsanitize=undefined,address", "-fno-sanitize-recover=all",
                    f"-I{root}", source, "-o", program], check=True)
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split("\n")
    wrong, fine, kinds = 0, 0, set()
    for i, (machine, texts, pieces) in enumerate(verdicts):
        said, listed = lines[2 * i], [piece for piece in lines[2 * i + 1].split(";") if piece]
        is_same = said in texts if texts else said == "no problem"
        fine += not texts
        kinds.add(said.split(":")[0])
        if not is_same or listed != pieces:
            wrong += 1
            print(f"seed {seed}, machine {i} (page {machine.page}, image {machine.image}): C says: {said}\n"
                  f"the tool: {texts}\nexposed: C {listed}, tool {pieces}")
            print("\n".join(machine.texts))
    print(f"agree: seed {seed}: {len(verdicts)} machines, {fine} fine, {len(kinds)} verdicts, {wrong} not alike")
    few = len(verdicts) >= 300 and (fine < 20 or len(kinds) < 20)
    if few:
        print("the random machines are not varied enough:", sorted(kinds))
    return wrong != 0 or few


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
