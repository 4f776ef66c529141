"""Texts of `trajectories --help` and `trajectories COMMAND --help`; examples are printed below the options."""

DESCRIPTION = """\
Quantum-jump trajectories of open quantum systems,
  d rho/dt = -i[H, rho] + sum_k (L_k rho L_k^+ - 1/2 {L_k^+ L_k, rho}),
with the heat, entropy production and entanglement of every trajectory, compared with the master equation in units of
the standard error. Units hbar = k_B = 1; heat is positive into the system; entropy in nats."""

EPILOG = """\
examples:
  trajectories run runs/diamond.toml                     sample, compare with the master equation, draw a picture
  trajectories run runs/diamond.toml --plan              what it would cost, before anything is spent
  trajectories run runs/diamond.toml --trajectories 4e6  the same run, extended to four million trajectories
  trajectories systems diamond                           the parameters of a system
  trajectories COMMAND --help                            what a command does, with examples

exit status:
    0  done; where something is judged: it agrees with the master equation
    1  disagrees with the master equation, and nothing else
    2  bad input, a file that cannot be read or written
    3  nothing resolved: no row could be judged
   70  a fault of this program, please report it (TRAJECTORIES_TRACEBACK=1 shows all of it)
   75  stopped before the end by a signal or --walltime: the same command again goes on where it stopped
  130  Ctrl-C where there is nothing to go on with; 128 + n: ended at once by a second signal n
  141  whoever read the output has gone"""

RUN = """\
Sample the trajectories that a run file asks for, keep their statistics in NAME.h5 (NAME: the run file's), print the
comparison with the master equation, draw NAME.png. A run that was stopped, however it was stopped, goes on where it
was when the same command is given again; a complete run is only reported; asking for more trajectories extends it,
asking for fewer ends an unfinished one there, and never below what it holds.
Under mpiexec (or srun) the ranks share the work; the numbers are the same to the last bit. --target-error looks at the
first 64, 128, 256, ... blocks of a point, so that where it ends depends on nothing but the trajectories.
examples:
  trajectories run runs/diamond.toml
  trajectories run runs/diamond.toml --set system.beta_A=-1 --seed 7 -o hot.h5
  trajectories run runs/diamond.toml --plan
  trajectories run runs/diamond_sweep.toml --points 3 -o point3.h5       one point of a sweep, for `merge`"""

MERGE = """\
Make one result of several: the points of a sweep that were run one by one (run --points), or more blocks of the same
points. The merged file has the same numbers, to the last bit, as the sweep run in one go, and is reported, drawn,
resumed and extended like any other result. Files of another run are refused, and so are missing points and blocks, by
name, unless --partial takes what there is. A result of the same run that is there under the name RESULT.h5 is one more
part.
examples:
  trajectories merge sweep.parts/*.h5 -o sweep.h5
  trajectories merge sweep.parts/*.h5 -o sofar.h5 --partial"""

STATUS = """\
Say how far a run is, while it goes or afterwards: blocks done, trajectories per second, ranks, expected end, and the
estimates with their present errors. Only reads; the run need not be on this machine, just its file.
examples:
  trajectories status diamond.h5
  trajectories status diamond.h5 --json"""

REPORT = """\
Compare a result with the master equation: every estimate with its standard error, the exact value, their difference
in standard errors (z), and one verdict for all rows together (false-alarm rate 1 in 1000).
examples:
  trajectories report diamond.h5
  trajectories report diamond.h5 --json
  trajectories report diamond.h5 --csv diamond.csv"""

SOLVE = """\
Solve the master equation of a run file at its sample times: populations, currents, entropy production, entanglement.
Nothing is sampled and nothing is written. With --maximise, at the parameters where a quantity of the steady state is
largest, found by a deterministic search within bounds; the bounds that are reached are named. Default bounds:
couplings and rates 1e-6 to 1e-2 times the qubits' energy (weak coupling), in the cavity 1e-6 to 1e2 times g;
temperatures 1e-2 to 1e2 times the energy; beta_* -10 to 10.
examples:
  trajectories solve runs/diamond.toml
  trajectories solve runs/diamond.toml --set system.beta_S=5 --json
  trajectories solve runs/reset_engine.toml --maximise concurrence --over g,p_h
  trajectories solve runs/cavity.toml --maximise concurrence --over p=1e-4:1e-1,kappa=0.1:10"""

COUNTING = """\
Counting statistics: current, noise, third and fourth cumulant of the charge or the quanta from each reservoir, of the
entropy production, of the model's own counts and of the jumps, with the uncertainty relations, covariances, mean
waiting times and lambda(u), exact in the steady state. Of a result, beside them what was sampled: at finite time, with
error bars, against the exact values at the same time, and one verdict. Of a count N with the current J = <N>/t and the
noise D = Var N/t at long times:
  fano_factor  F = D/|J|           1 for independent events (shot noise)
  mandel_q     Q = F - 1           below 0: events more regular than independent ones
  tur_ratio    D sigma/(2 J^2)     at least 1 where rate equations hold; sigma: entropy production per time
  kur_ratio    D A/J^2             at least 1 where rate equations hold; A: jumps per time
A result's jump records say more: waiting times, g2, power spectra and first passages, each beside its exact value for
records of that length. Waits are those of starts early enough that a wait up to TAU is seen to its end. --log makes
bins of equal ratios, from a tenth of the shortest lifetime to where the longest waits end. Of a run file, the exact
values alone are shown.
examples:
  trajectories counting runs/diamond.toml
  trajectories counting runs/diamond.toml --set system.beta_S=5 --scgf
  trajectories counting runs/diamond.toml --waiting A_up,A_down --g2 any,any -o exact.png
  trajectories counting diamond.h5 --csv counts.csv
  trajectories counting diamond.h5 --waiting A_up,A_down --spectrum A --trajectories 20000 -o counting.png
  trajectories counting diamond.h5 --g2 any,any --bins 60 --log --spectrum A --frequencies 0:10:41 -o fine.png
  trajectories counting diamond.h5 --waiting A,S --g2 any,any --first-passage A=10 --first-passage jumps=40"""

FIGURE = """\
Draw the picture of a result: estimates with error bars over the master equation's curves, the histogram of the
entropy production, a sample trajectory, of which --window shows any stretch: its jumps one by one or, where they are
too many, jumps per time. Of a run file, the curves alone are drawn, without sampling.
examples:
  trajectories figure diamond.h5 -o diamond.pdf
  trajectories figure diamond.h5 --window 2:3
  trajectories figure runs/diamond.toml"""

REPLAY = """\
Tell one trajectory: its start, every jump with its time, channel, energy and entropy, its end; heat by reservoir; and
its entropy production twice: as the sum of its parts, and as the logarithm of the ratio of the probabilities of the
trajectory and of its reverse. Trajectory I is the same one in every run of the same file and seed.
examples:
  trajectories replay diamond.h5 --trajectory 17
  trajectories replay runs/diamond.toml --trajectory 17 --json"""

SYSTEMS = """\
List the systems that a run file can name in [system], or show what one of them is and takes.
examples:
  trajectories systems
  trajectories systems diamond"""

THEOREMS = """\
Test the fluctuation theorems of a result. The reversed process is sampled on its own, from Theta rho(T) Theta^+, and
every bin of the forward histogram, weighted with e^{-Delta S}, is compared with the mirrored reversed one (detailed
theorem, chi^2); <e^{-Delta S}> and its part inside a window are judged where they can be resolved. The adiabatic and
the nonadiabatic entropy production and the infimum of Delta S(t) are tested where they exist; elsewhere the table says
why not. Draws NAME_theorems.png.
examples:
  trajectories theorems diamond_theorem.h5
  trajectories theorems engine.h5 --trajectories 1e6 -o engine_theorems.pdf
  trajectories theorems diamond.h5 --json --no-figure"""

RARE = """\
Estimate lambda(u) = lim ln<e^{-u Delta S}>/T and the integral theorem <e^{-Delta S}> = 1 where they are decided by
trajectories too rare to be sampled: a population of forward trajectories, drawn from a guided process and carrying
exact weights, is resampled again and again (cloning). Errors come from independent repetitions; the bias of a finite
population is shown by halving it. Duration, start and seed are the run file's.
examples:
  trajectories rare runs/diamond.toml
  trajectories rare runs/engine.toml --set ensemble.duration=20000 --u -1 --u 2
  trajectories rare runs/diamond.toml --population 4000 --json
  trajectories rare runs/diamond_sweep.toml --point 3                    one point of a sweep"""

BENCH = """\
Measure jumps per second on one core of this machine, against QuTiP's mcsolve where QuTiP is installed."""
