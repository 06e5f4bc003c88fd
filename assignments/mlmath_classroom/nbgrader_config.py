# The configuration of this course, read by `classroom` and by nbgrader's own commands. See the book's page
# "Assignments for a class".
import mlmath_classroom

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "mathematics-for-machine-learning"
c.CourseDirectory.db_url = "sqlite:///gradebook.db?timeout=120"  # seconds that one grader waits for another
mlmath_classroom.configure(c)

c.ExecuteApart.timeout = 30  # seconds that a cell may take
c.ExecuteApart.call = 20  # seconds that a test waits for one call of a student's function
c.ExecuteApart.budget = 300  # seconds that a submission may take
