; What every emitted module begins with: the second stage of sums, and what kernels call.

target datalayout = "e-i64:64-i128:128-v16:16-v32:32-n16:32:64"
target triple = "nvptx64-nvidia-cuda"

; What loads of a buffer that was left out read, so that they need no branch.
@absent = internal addrspace(1) constant [64 x i8] zeroinitializer, align 32

@reduce.sums = internal addrspace(3) global [1024 x float] undef, align 4

; The sum over the 32 threads of a warp, the same on each: a butterfly, so the order is fixed.
define internal float @warp.sum.f32(float %v0) alwaysinline {
  %i0 = bitcast float %v0 to i32
  %s0 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %i0, i32 16, i32 31)
  %f0 = bitcast i32 %s0 to float
  %v1 = fadd float %v0, %f0
  %i1 = bitcast float %v1 to i32
  %s1 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %i1, i32 8, i32 31)
  %f1 = bitcast i32 %s1 to float
  %v2 = fadd float %v1, %f1
  %i2 = bitcast float %v2 to i32
  %s2 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %i2, i32 4, i32 31)
  %f2 = bitcast i32 %s2 to float
  %v3 = fadd float %v2, %f2
  %i3 = bitcast float %v3 to i32
  %s3 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %i3, i32 2, i32 31)
  %f3 = bitcast i32 %s3 to float
  %v4 = fadd float %v3, %f3
  %i4 = bitcast float %v4 to i32
  %s4 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %i4, i32 1, i32 31)
  %f4 = bitcast i32 %s4 to float
  %v5 = fadd float %v4, %f4
  ret float %v5
}

; What the thread so many further on has; its own where that is in another warp.
define internal float @warp.down.f32(float %v, i32 %distance) alwaysinline {
  %i = bitcast float %v to i32
  %s = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 -1, i32 %i, i32 %distance, i32 31)
  %other = bitcast i32 %s to float
  ret float %other
}

define internal double @warp.down.f64(double %v, i32 %distance) alwaysinline {
  %halves = bitcast double %v to <2 x i32>
  %low = extractelement <2 x i32> %halves, i32 0
  %high = extractelement <2 x i32> %halves, i32 1
  %other.low = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 -1, i32 %low, i32 %distance, i32 31)
  %other.high = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 -1, i32 %high, i32 %distance, i32 31)
  %other.0 = insertelement <2 x i32> poison, i32 %other.low, i32 0
  %other.1 = insertelement <2 x i32> %other.0, i32 %other.high, i32 1
  %other = bitcast <2 x i32> %other.1 to double
  ret double %other
}

define internal double @warp.exchange.f64(double %v, i32 %distance) alwaysinline {
  %halves = bitcast double %v to <2 x i32>
  %low = extractelement <2 x i32> %halves, i32 0
  %high = extractelement <2 x i32> %halves, i32 1
  %other.low = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %low, i32 %distance, i32 31)
  %other.high = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %high, i32 %distance, i32 31)
  %other.0 = insertelement <2 x i32> poison, i32 %other.low, i32 0
  %other.1 = insertelement <2 x i32> %other.0, i32 %other.high, i32 1
  %other = bitcast <2 x i32> %other.1 to double
  ret double %other
}

define internal double @warp.sum.f64(double %v0) alwaysinline {
  %o0 = call double @warp.exchange.f64(double %v0, i32 16)
  %v1 = fadd double %v0, %o0
  %o1 = call double @warp.exchange.f64(double %v1, i32 8)
  %v2 = fadd double %v1, %o1
  %o2 = call double @warp.exchange.f64(double %v2, i32 4)
  %v3 = fadd double %v2, %o2
  %o3 = call double @warp.exchange.f64(double %v3, i32 2)
  %v4 = fadd double %v3, %o3
  %o4 = call double @warp.exchange.f64(double %v4, i32 1)
  %v5 = fadd double %v4, %o4
  ret double %v5
}

; Element i of a group's sum, or 0 behind the last: the load is clamped instead of branched around, so
; that several are under way at once.
define internal float @reduce.element(ptr addrspace(1) %partial, i64 %G, i64 %S, i64 %n, i64 %g, i64 %i) alwaysinline {
  %there = icmp ult i64 %i, %n
  %j = select i1 %there, i64 %i, i64 0
  %o = udiv i64 %j, %S
  %o.S = mul i64 %o, %S
  %s = sub i64 %j, %o.S
  %o.G = mul i64 %o, %G
  %row = add i64 %o.G, %g
  %row.S = mul i64 %row, %S
  %index = add i64 %row.S, %s
  %p = getelementptr float, ptr addrspace(1) %partial, i64 %index
  %v = load float, ptr addrspace(1) %p, align 4, !invariant.load !0
  %r = select i1 %there, float %v, float 0.0
  ret float %r
}

; The same of a single group.
define internal float @reduce.element.flat(ptr addrspace(1) %partial, i64 %n, i64 %i) alwaysinline {
  %there = icmp ult i64 %i, %n
  %j = select i1 %there, i64 %i, i64 0
  %p = getelementptr float, ptr addrspace(1) %partial, i64 %j
  %v = load float, ptr addrspace(1) %p, align 4, !invariant.load !0
  %r = select i1 %there, float %v, float 0.0
  ret float %r
}

; Kahan's step: the new sum and the new compensation.
define internal { float, float } @reduce.step(float %sum, float %lost, float %v) alwaysinline {
  %y = fsub float %v, %lost
  %t = fadd float %sum, %y
  %back = fsub float %t, %sum
  %rest = fsub float %back, %y
  %r.0 = insertvalue { float, float } poison, float %t, 0
  %r.1 = insertvalue { float, float } %r.0, float %rest, 1
  ret { float, float } %r.1
}

; Four more elements of a single group, which lie side by side, 1024 apart: the sums of a param that all
; lanes share are many, and a block reads them alone.
define internal { float, float } @reduce.flat(ptr addrspace(1) %partial, i64 %n, i64 %i0, { float, float } %k0) alwaysinline {
  %i1 = add i64 %i0, 1024
  %i2 = add i64 %i1, 1024
  %i3 = add i64 %i2, 1024
  %e0 = call float @reduce.element.flat(ptr addrspace(1) %partial, i64 %n, i64 %i0)
  %e1 = call float @reduce.element.flat(ptr addrspace(1) %partial, i64 %n, i64 %i1)
  %e2 = call float @reduce.element.flat(ptr addrspace(1) %partial, i64 %n, i64 %i2)
  %e3 = call float @reduce.element.flat(ptr addrspace(1) %partial, i64 %n, i64 %i3)
  %sum.0 = extractvalue { float, float } %k0, 0
  %lost.0 = extractvalue { float, float } %k0, 1
  %k1 = call { float, float } @reduce.step(float %sum.0, float %lost.0, float %e0)
  %sum.1 = extractvalue { float, float } %k1, 0
  %lost.1 = extractvalue { float, float } %k1, 1
  %k2 = call { float, float } @reduce.step(float %sum.1, float %lost.1, float %e1)
  %sum.2 = extractvalue { float, float } %k2, 0
  %lost.2 = extractvalue { float, float } %k2, 1
  %k3 = call { float, float } @reduce.step(float %sum.2, float %lost.2, float %e2)
  %sum.3 = extractvalue { float, float } %k3, 0
  %lost.3 = extractvalue { float, float } %k3, 1
  %k4 = call { float, float } @reduce.step(float %sum.3, float %lost.3, float %e3)
  ret { float, float } %k4
}

; grad[g] is the sum of partial[(o * G + g) * S + s] over o < O and s < S. A block of 1024 threads takes
; one group at a time, or, where the elements of a group are G apart and there are enough groups, 32
; groups side by side so that a warp reads adjacent elements. Any number of blocks will do. Each thread
; adds up every step-th element, then the threads of a group are added in a fixed order.
define ptx_kernel void @reduce(ptr addrspace(1) noalias readonly align 4 %partial, ptr addrspace(1) noalias align 4 %grad, i64 %G, i64 %S, i64 %O) {
entry:
  %tid.32 = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block.32 = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %blocks.32 = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()
  %tid = zext i32 %tid.32 to i64
  %block = zext i32 %block.32 to i64
  %blocks = zext i32 %blocks.32 to i64
  %lane = and i64 %tid, 31
  %warp = lshr i64 %tid, 5
  %apart = icmp eq i64 %S, 1
  %many = icmp uge i64 %G, 32
  %across = and i1 %apart, %many
  %width = select i1 %across, i64 32, i64 1
  %first = select i1 %across, i64 %warp, i64 %tid
  %step = select i1 %across, i64 32, i64 1024
  %column = select i1 %across, i64 %lane, i64 0
  %leads = icmp ult i64 %tid, %width
  %n = mul i64 %O, %S
  %slot = getelementptr float, ptr addrspace(3) @reduce.sums, i64 %tid
  %top = getelementptr float, ptr addrspace(3) @reduce.sums, i64 %lane
  %g.first = mul i64 %block, %width
  %g.step = mul i64 %blocks, %width
  %any = icmp ult i64 %g.first, %G
  br i1 %any, label %groups, label %done

groups:
  %g.0 = phi i64 [ %g.first, %entry ], [ %g.next, %next ]
  %g = add i64 %g.0, %column
  %inside = icmp ult i64 %g, %G
  %some = icmp ult i64 %first, %n
  %begin = and i1 %inside, %some
  br i1 %begin, label %some.elements, label %threads

some.elements:
  %is.single = icmp eq i64 %G, 1
  br i1 %is.single, label %flat, label %elements

flat:
  %f0 = phi i64 [ %first, %some.elements ], [ %f8, %flat ]
  %flat.sum.0 = phi float [ 0.0, %some.elements ], [ %flat.sum, %flat ]
  %flat.lost.0 = phi float [ 0.0, %some.elements ], [ %flat.lost, %flat ]
  %f4 = add i64 %f0, 4096
  %f8 = add i64 %f4, 4096
  %q.0 = insertvalue { float, float } poison, float %flat.sum.0, 0
  %q0 = insertvalue { float, float } %q.0, float %flat.lost.0, 1
  %q4 = call { float, float } @reduce.flat(ptr addrspace(1) %partial, i64 %n, i64 %f0, { float, float } %q0)
  %q8 = call { float, float } @reduce.flat(ptr addrspace(1) %partial, i64 %n, i64 %f4, { float, float } %q4)
  %flat.sum = extractvalue { float, float } %q8, 0
  %flat.lost = extractvalue { float, float } %q8, 1
  %flat.more = icmp ult i64 %f8, %n
  br i1 %flat.more, label %flat, label %threads

elements:
  %i0 = phi i64 [ %first, %some.elements ], [ %i4, %elements ]
  %sum.0 = phi float [ 0.0, %some.elements ], [ %sum.4, %elements ]
  %lost.0 = phi float [ 0.0, %some.elements ], [ %lost.4, %elements ]
  %i1 = add i64 %i0, %step
  %i2 = add i64 %i1, %step
  %i3 = add i64 %i2, %step
  %i4 = add i64 %i3, %step
  %e0 = call float @reduce.element(ptr addrspace(1) %partial, i64 %G, i64 %S, i64 %n, i64 %g, i64 %i0)
  %e1 = call float @reduce.element(ptr addrspace(1) %partial, i64 %G, i64 %S, i64 %n, i64 %g, i64 %i1)
  %e2 = call float @reduce.element(ptr addrspace(1) %partial, i64 %G, i64 %S, i64 %n, i64 %g, i64 %i2)
  %e3 = call float @reduce.element(ptr addrspace(1) %partial, i64 %G, i64 %S, i64 %n, i64 %g, i64 %i3)
  %k1 = call { float, float } @reduce.step(float %sum.0, float %lost.0, float %e0)
  %sum.1 = extractvalue { float, float } %k1, 0
  %lost.1 = extractvalue { float, float } %k1, 1
  %k2 = call { float, float } @reduce.step(float %sum.1, float %lost.1, float %e1)
  %sum.2 = extractvalue { float, float } %k2, 0
  %lost.2 = extractvalue { float, float } %k2, 1
  %k3 = call { float, float } @reduce.step(float %sum.2, float %lost.2, float %e2)
  %sum.3 = extractvalue { float, float } %k3, 0
  %lost.3 = extractvalue { float, float } %k3, 1
  %k4 = call { float, float } @reduce.step(float %sum.3, float %lost.3, float %e3)
  %sum.4 = extractvalue { float, float } %k4, 0
  %lost.4 = extractvalue { float, float } %k4, 1
  %more = icmp ult i64 %i4, %n
  br i1 %more, label %elements, label %threads

threads:
  %own = phi float [ 0.0, %groups ], [ %sum.4, %elements ], [ %flat.sum, %flat ]
  br i1 %across, label %share, label %warps

warps:
  %of.warp = call float @warp.sum.f32(float %own)
  br label %share

share:
  %part = phi float [ %own, %threads ], [ %of.warp, %warps ]
  store float %part, ptr addrspace(3) %slot, align 4
  call void @llvm.nvvm.barrier0()
  %finishes = and i1 %leads, %inside
  br i1 %finishes, label %sum, label %next

sum:
  %w = phi i64 [ 0, %share ], [ %w.next, %sum ]
  %total = phi float [ 0.0, %share ], [ %total.next, %sum ]
  %offset = shl i64 %w, 5
  %from = getelementptr float, ptr addrspace(3) %top, i64 %offset
  %of = load float, ptr addrspace(3) %from, align 4
  %total.next = fadd float %total, %of
  %w.next = add i64 %w, 1
  %rest = icmp ult i64 %w.next, 32
  br i1 %rest, label %sum, label %write

write:
  %to = getelementptr float, ptr addrspace(1) %grad, i64 %g
  store float %total.next, ptr addrspace(1) %to, align 4
  br label %next

next:
  call void @llvm.nvvm.barrier0()
  %g.next = add i64 %g.0, %g.step
  %again = icmp ult i64 %g.next, %G
  br i1 %again, label %groups, label %done

done:
  ret void
}

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()
declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)
declare i32 @llvm.nvvm.shfl.sync.down.i32(i32, i32, i32, i32)
declare i64 @llvm.cttz.i64(i64, i1)
declare void @llvm.nvvm.barrier0()
declare float @llvm.nvvm.d2f.rz(double)
declare float @llvm.fabs.f32(float)
declare float @llvm.sqrt.f32(float)
declare float @llvm.floor.f32(float)
declare float @llvm.ceil.f32(float)
declare float @llvm.roundeven.f32(float)
declare float @llvm.fma.f32(float, float, float)
declare i32 @llvm.fptosi.sat.i32.f32(float)
declare double @llvm.fabs.f64(double)
declare double @llvm.sqrt.f64(double)
declare double @llvm.floor.f64(double)
declare double @llvm.ceil.f64(double)
declare double @llvm.roundeven.f64(double)
declare double @llvm.fma.f64(double, double, double)
declare i32 @llvm.fptosi.sat.i32.f64(double)

!0 = !{}
