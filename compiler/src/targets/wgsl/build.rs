//! A function of a naga module under construction. Knows naga, and nothing of kernels.

use naga::{
    AddressSpace, Arena, ArraySize, BinaryOperator, Block, Expression, Function, Handle, Literal,
    LocalVariable, MathFunction, Scalar, ScalarKind, Span, Statement, Type, TypeInner,
    UnaryOperator, UniqueArena,
};

/// An expression of the function that is built.
pub type Expr = Handle<Expression>;

/// A local variable of the function that is built.
pub type Var = Handle<LocalVariable>;

/// A type, entered into the module where it is not yet there.
pub fn intern(
    types: &mut UniqueArena<Type>,
    name: Option<String>,
    inner: TypeInner,
) -> Handle<Type> {
    types.insert(Type { name, inner }, Span::UNDEFINED)
}

/// The scalar types that kernels use.
#[derive(Clone, Copy)]
pub struct Scalars {
    /// `f32`
    pub real: Handle<Type>,
    /// `i32`
    pub int: Handle<Type>,
    /// `u32`
    pub index: Handle<Type>,
    /// `bool`
    pub bool: Handle<Type>,
}

impl Scalars {
    /// Enters them into a module.
    pub fn new(types: &mut UniqueArena<Type>) -> Self {
        Self::of(|scalar| intern(types, None, TypeInner::Scalar(scalar)))
    }

    /// The same for what four lanes have.
    pub fn of_four(types: &mut UniqueArena<Type>) -> Self {
        let size = naga::VectorSize::Quad;
        Self::of(|scalar| intern(types, None, TypeInner::Vector { size, scalar }))
    }

    fn of(mut ty: impl FnMut(Scalar) -> Handle<Type>) -> Self {
        Self {
            real: ty(Scalar::F32),
            int: ty(Scalar::I32),
            index: ty(Scalar::U32),
            bool: ty(Scalar::BOOL),
        }
    }
}

/// The type `array<element, count>`, or a run-time array; elements are one or four words.
pub fn array(types: &mut UniqueArena<Type>, base: Handle<Type>, size: ArraySize) -> Handle<Type> {
    let stride = match types[base].inner {
        TypeInner::Vector { .. } => 16,
        _ => 4,
    };
    intern(types, None, TypeInner::Array { base, size, stride })
}

/// The type `vec4<f16>`.
pub fn four_halves(types: &mut UniqueArena<Type>) -> Handle<Type> {
    let inner = TypeInner::Vector { size: naga::VectorSize::Quad, scalar: Scalar::F16 };
    intern(types, None, inner)
}

/// The run-time array of `f16`, or of four.
pub fn halves(types: &mut UniqueArena<Type>, width: usize) -> Handle<Type> {
    let base = match width {
        1 => intern(types, None, TypeInner::Scalar(Scalar::F16)),
        _ => four_halves(types),
    };
    let stride = 2 * width as u32;
    intern(types, None, TypeInner::Array { base, size: ArraySize::Dynamic, stride })
}

/// The type `vec2<f32>`.
pub fn pair(types: &mut UniqueArena<Type>) -> Handle<Type> {
    let inner = TypeInner::Vector { size: naga::VectorSize::Bi, scalar: Scalar::F32 };
    intern(types, None, inner)
}

/// A function under construction: expressions are appended and evaluated in the innermost open block.
pub struct Builder {
    function: Function,
    blocks: Vec<Block>,
}

impl Builder {
    /// An empty function.
    pub fn new() -> Self {
        Self { function: Function::default(), blocks: vec![Block::new()] }
    }

    /// The function with the statements so far as its body.
    pub fn finish(mut self) -> Function {
        self.function.body = self.close();
        self.function
    }

    /// Opens a block; what follows goes into it.
    pub fn open(&mut self) {
        self.blocks.push(Block::new());
    }

    /// Closes the innermost block and takes it.
    pub fn close(&mut self) -> Block {
        self.blocks.pop().expect("each close has its open")
    }

    /// Appends a statement.
    pub fn push(&mut self, statement: Statement) {
        let block = self.blocks.last_mut().expect("the body is open until finish");
        block.push(statement, Span::UNDEFINED);
    }

    /// Appends an expression and evaluates it here.
    pub fn expr(&mut self, expression: Expression) -> Expr {
        let emit = !expression.needs_pre_emit();
        let arena: &mut Arena<Expression> = &mut self.function.expressions;
        let start = arena.len();
        let handle = arena.append(expression, Span::UNDEFINED);
        if emit {
            let range = self.function.expressions.range_from(start);
            self.push(Statement::Emit(range));
        }
        handle
    }

    /// Gives a value a name for those who read the text.
    pub fn name(&mut self, expr: Expr, name: &str) -> Expr {
        if !self.function.expressions[expr].needs_pre_emit() {
            self.function.named_expressions.insert(expr, identifier(name));
        }
        expr
    }

    /// Whether the expression is written as a literal, or as one for all lanes.
    pub fn is_literal(&self, expr: Expr) -> bool {
        match self.function.expressions[expr] {
            Expression::Literal(_) => true,
            Expression::Splat { value, .. } => self.is_literal(value),
            _ => false,
        }
    }

    /// A value for four lanes.
    pub fn splat(&mut self, value: Expr) -> Expr {
        self.expr(Expression::Splat { size: naga::VectorSize::Quad, value })
    }

    /// The value of one of four lanes.
    pub fn part(&mut self, base: Expr, index: u32) -> Expr {
        self.expr(Expression::AccessIndex { base, index })
    }

    /// A builtin as an argument of the function.
    pub fn argument(&mut self, name: &str, ty: Handle<Type>, builtin: naga::BuiltIn) -> Expr {
        let index = self.function.arguments.len() as u32;
        self.function.arguments.push(naga::FunctionArgument {
            name: Some(name.into()),
            ty,
            binding: Some(naga::Binding::BuiltIn(builtin)),
        });
        self.expr(Expression::FunctionArgument(index))
    }

    /// A local variable, zero at the function's start.
    pub fn local(&mut self, name: &str, ty: Handle<Type>) -> Var {
        let variable = LocalVariable { name: Some(name.into()), ty, init: None };
        self.function.local_variables.append(variable, Span::UNDEFINED)
    }

    /// The value of a local variable.
    pub fn get(&mut self, var: Var) -> Expr {
        let pointer = self.expr(Expression::LocalVariable(var));
        self.load(pointer)
    }

    /// Sets a local variable.
    pub fn set(&mut self, var: Var, value: Expr) {
        let pointer = self.expr(Expression::LocalVariable(var));
        self.push(Statement::Store { pointer, value });
    }

    /// The value behind a pointer.
    pub fn load(&mut self, pointer: Expr) -> Expr {
        self.expr(Expression::Load { pointer })
    }

    /// A pointer to an element.
    pub fn element(&mut self, base: Expr, index: Expr) -> Expr {
        self.expr(Expression::Access { base, index })
    }

    /// A `u32` literal.
    pub fn index(&mut self, value: u32) -> Expr {
        self.expr(Expression::Literal(Literal::U32(value)))
    }

    /// An `i32` literal.
    pub fn int(&mut self, value: i32) -> Expr {
        self.expr(Expression::Literal(Literal::I32(value)))
    }

    /// Two operands.
    pub fn binary(&mut self, op: BinaryOperator, left: Expr, right: Expr) -> Expr {
        self.expr(Expression::Binary { op, left, right })
    }

    /// One operand.
    pub fn unary(&mut self, op: UnaryOperator, expr: Expr) -> Expr {
        self.expr(Expression::Unary { op, expr })
    }

    /// A builtin function.
    pub fn math(&mut self, fun: MathFunction, args: &[Expr]) -> Expr {
        let at = |i: usize| args.get(i).copied();
        self.expr(Expression::Math { fun, arg: args[0], arg1: at(1), arg2: at(2), arg3: None })
    }

    /// The result of a function of the module.
    pub fn call(&mut self, function: Handle<Function>, arguments: Vec<Expr>) -> Expr {
        let result =
            self.function.expressions.append(Expression::CallResult(function), Span::UNDEFINED);
        self.push(Statement::Call { function, arguments, result: Some(result) });
        result
    }

    /// `if condition { accept } else { reject }` as a value.
    pub fn select(&mut self, condition: Expr, accept: Expr, reject: Expr) -> Expr {
        self.expr(Expression::Select { condition, accept, reject })
    }

    /// The bits as another type.
    pub fn bitcast(&mut self, expr: Expr, kind: ScalarKind) -> Expr {
        self.expr(Expression::As { expr, kind, convert: None })
    }

    /// The number as another type.
    pub fn convert(&mut self, expr: Expr, kind: ScalarKind) -> Expr {
        self.expr(Expression::As { expr, kind, convert: Some(4) })
    }

    /// A real that no driver can follow through: `zero` is 0, for one or for each of four.
    pub fn barrier(&mut self, real: Expr, zero: Expr) -> Expr {
        let bits = self.bitcast(real, ScalarKind::Uint);
        let bits = self.binary(BinaryOperator::ExclusiveOr, bits, zero);
        self.bitcast(bits, ScalarKind::Float)
    }

    /// The bits of an `f16`, which is a number of `f32` as well.
    pub fn half_bits(&mut self, pair: Handle<Type>, half: Expr) -> Expr {
        let wide = self.convert(half, ScalarKind::Float);
        let nothing = self.expr(Expression::Literal(Literal::F32(0.0)));
        let both = self.expr(Expression::Compose { ty: pair, components: vec![wide, nothing] });
        let bits = self.math(MathFunction::Pack2x16float, &[both]);
        self.bitcast(bits, ScalarKind::Sint)
    }

    /// The `f16` of such bits. No conversion in between rounds.
    pub fn bits_half(&mut self, bits: Expr) -> Expr {
        let bits = self.bitcast(bits, ScalarKind::Uint);
        let both = self.math(MathFunction::Unpack2x16float, &[bits]);
        let wide = self.expr(Expression::AccessIndex { base: both, index: 0 });
        self.expr(Expression::As { expr: wide, kind: ScalarKind::Float, convert: Some(2) })
    }

    /// Closes the innermost block as what is done where the condition holds.
    pub fn close_if(&mut self, condition: Expr) {
        let accept = self.close();
        self.push(Statement::If { condition, accept, reject: Block::new() });
    }

    /// Opens the body of a loop that runs `count` times, and returns the number of the turn.
    pub fn open_loop(&mut self, counter: Var, count: Expr) -> Expr {
        let zero = self.index(0);
        self.set(counter, zero);
        self.open();
        let turn = self.get(counter);
        let done = self.binary(BinaryOperator::GreaterEqual, turn, count);
        self.open();
        self.push(Statement::Break);
        self.close_if(done);
        turn
    }

    /// Closes the body of a loop.
    pub fn close_loop(&mut self, counter: Var) {
        let body = self.close();
        self.open();
        let turn = self.get(counter);
        let one = self.index(1);
        let next = self.binary(BinaryOperator::Add, turn, one);
        self.set(counter, next);
        let continuing = self.close();
        self.push(Statement::Loop { body, continuing, break_if: None });
    }
}

/// A name of ours, `grad.state.v`, as one that WGSL takes.
pub fn identifier(name: &str) -> String {
    name.replace('.', "_")
}

/// A storage buffer's access.
pub fn storage(written: bool) -> AddressSpace {
    let store = if written { naga::StorageAccess::STORE } else { naga::StorageAccess::empty() };
    AddressSpace::Storage { access: naga::StorageAccess::LOAD | store }
}
