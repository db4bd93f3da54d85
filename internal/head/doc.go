// Package head trains the last layer of a network alone: multinomial logistic
// regression on the features of a network whose other layers stay as they are. It
// also says what features tell without training anything: whether more images would
// help, and how unusual an image is.
//
// # Objective
//
// With rows x_i, labels y_i and weights s_i, the sum of which is S, it minimises
//
//	1/S sum_i s_i (-log softmax(x_i W + b)[y_i]) + penalty/2 |W|^2
//
// The bias b is not penalised. The loss is a mean, so the penalty is one for each
// example, as weight decay of an optimizer is: it does not change when rows are
// repeated, or when views of the images are added. LogisticRegression of scikit-learn
// minimises C times the sum of losses plus |W|^2/2; its C is 1/(penalty S).
//
// # Scaling
//
// Features are centred, and divided by one number: the root of the mean of their
// variances. Centring changes nothing in the objective, since the bias is free, but
// takes out the direction that all features of a network share and that slows every
// first-order method. One divisor makes penalties independent of the unit of the
// features, so that one list of them serves all networks. Features are not divided each
// by its own deviation: what hardly varies is mostly noise. [Scaling] has the rule, and
// DefaultPenalties what it was compared by. The result is for the features as they came.
//
// # Method
//
// Limited-memory BFGS (Liu and Nocedal, On the limited memory BFGS method for large scale
// optimization, Mathematical Programming 45, 1989) with 10 pairs, and a line search by
// doubling and bisection for the weak Wolfe conditions, c1 = 1e-4 and c2 = 0.9 (Lewis and
// Overton, Nonsmooth optimization via quasi-Newton methods, Mathematical Programming
// 141, 2013). It converges from anywhere, since the objective is strictly convex in W.
// Penalties are gone through from strong to weak, each from the solution of the one
// before (Friedman, Hastie and Tibshirani, Regularization paths for generalized linear
// models via coordinate descent, Journal of Statistical Software 33, 2010). The pairs are
// kept from one penalty to the next: the gradient difference of each changes by the
// difference of the penalties times the step.
//
// It stops where the norm of the gradient is at most Tolerance times what it is at zero,
// where it does not depend on the penalty, or not above what rounding leaves of it. It
// also stops at MaxIterations, or where no step along the gradient lowers the objective.
// [Fit] then says that it has not converged.
//
// # Order of sums
//
// Weights and features are float32, and so is every point that is evaluated. The solution
// is brought to unscaled features, in float32, before a head is judged by examples. Rows
// are cut into blocks of 64. In a block, each logit is one chain of fused multiply-adds over the features, and each
// element of the gradient one over the rows. Blocks are added in float64: block b goes
// to lane b mod 16 in order, and lanes are joined in the tree of the contract (j+8, j+4,
// j+2, j+1). Losses are added in float64, within a block by row, then by block. Scalar
// products of the method run in float64 in 16 lanes. Workers take lanes, columns or
// blocks, whole, so that no bit depends on how many there are.
//
// Ties: the lower label for the larger of equal logits; see [Choose] for penalties.
package head
